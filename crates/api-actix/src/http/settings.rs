use std::time::Duration;

use super::cors::Cors;
use crate::config::Proxies;

/// The settings by which every request is served.
#[derive(Debug)]
pub(crate) struct HttpSettings {
    /// Where clients reach this service, without a slash at the end.
    pub(crate) public_url: String,
    /// `Strict-Transport-Security`, if clients come by https.
    pub(crate) hsts: Option<&'static str>,
    /// Longest time one request may take.
    pub(crate) request_timeout: Duration,
    /// The proxies that are believed about the client's address.
    pub(crate) proxies: Proxies,
    /// Which web pages may read responses.
    pub(crate) cors: Cors,
}

/// The parties that access tokens name.
#[derive(Debug)]
pub(crate) struct TokenParties {
    /// `iss`.
    pub(crate) issuer: String,
    /// `aud`.
    pub(crate) audience: String,
}
