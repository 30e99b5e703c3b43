use std::fmt;
use std::net::IpAddr;

use data_encoding::BASE64;
use domain::Secret;
use form_urlencoded::{Serializer, byte_serialize};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use hyper::http::request::Builder;
use hyper::http::uri::Scheme;
use hyper::{Request, Uri};
use thiserror::Error;

use crate::fetch::{FetchError, is_here};

/// What this service calls itself.
const AGENT: &str = concat!("hexauth/", env!("CARGO_PKG_VERSION"));

/// Why a provider cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidProvider {
    /// It is not a URL, or has a name, a password or a fragment.
    #[error("it is not a plain https:// URL")]
    NotPlain,
    /// What is asked could be read on the way.
    #[error("it must be https://, or on this machine, such as http://127.0.0.1:8000")]
    NotSecure,
    /// The machine cannot do TLS.
    #[error("TLS cannot be used")]
    Tls,
}

/// A URL of a provider that may be asked.
#[derive(Clone)]
pub(super) struct Endpoint(Uri);

impl Endpoint {
    /// The URL that the operator has given. It may be of this machine.
    pub(super) fn configured(url: &str) -> Result<Self, InvalidProvider> {
        Self::parse(url, true)
    }

    /// A URL that the provider here has named. Only one of this machine may send us to this machine.
    pub(super) fn named_by(&self, url: &str) -> Result<Self, InvalidProvider> {
        let endpoint = Self::parse(url, is_here(&self.0) && self.0.scheme() == Some(&Scheme::HTTP))?;
        if may_lead_here(&endpoint.0) && !may_lead_here(&self.0) {
            Err(InvalidProvider::NotSecure)
        } else {
            Ok(endpoint)
        }
    }

    fn parse(url: &str, may_be_here: bool) -> Result<Self, InvalidProvider> {
        let uri: Uri = url.parse().map_err(|_| InvalidProvider::NotPlain)?;
        if uri.host().is_none() || url.contains(['#', '@']) {
            return Err(InvalidProvider::NotPlain);
        }
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => Ok(Self(uri)),
            Some(scheme) if *scheme == Scheme::HTTP && may_be_here && is_here(&uri) => Ok(Self(uri)),
            _ => Err(InvalidProvider::NotSecure),
        }
    }

    /// The same with these parameters.
    pub(super) fn with_query(&self, parameters: &[(&str, &str)]) -> String {
        let separator = if self.0.query().is_some() { '&' } else { '?' };
        format!("{}{separator}{}", self.0, encode(parameters))
    }

    /// A request for what is there.
    pub(super) fn get(&self, access_token: Option<&Secret>) -> Result<Request<Full<Bytes>>, FetchError> {
        let mut request = self.request(Request::get(self.0.clone()));
        if let Some(token) = access_token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        request.body(Full::default()).map_err(FetchError::Request)
    }

    /// A request that sends a form there.
    pub(super) fn post(
        &self,
        form: &[(&str, &str)],
        basic: Option<(&str, &Secret)>,
    ) -> Result<Request<Full<Bytes>>, FetchError> {
        let mut request = self.request(Request::post(self.0.clone()));
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some((name, password)) = basic {
            // RFC 6749, section 2.3.1: both are encoded as in a form before.
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let both = Secret::new(format!("{}:{}", encoded(name), encoded(password.expose())));
            request = request.header(AUTHORIZATION, format!("Basic {}", BASE64.encode(both.expose().as_bytes())));
        }
        request.body(Full::from(encode(form))).map_err(FetchError::Request)
    }

    fn request(&self, request: Builder) -> Builder {
        request.header(USER_AGENT, AGENT).header(ACCEPT, "application/json")
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a host may be this machine's, however it is written. More than [`is_here`], which is about what nobody reads
/// on the way.
fn may_lead_here(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let is_ours = |address: IpAddr| address.to_canonical().is_loopback() || address.is_unspecified();
    host == "localhost" || host.ends_with(".localhost") || host.trim_matches(['[', ']']).parse().is_ok_and(is_ours)
}

fn encode(parameters: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(parameters).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_urls_that_nobody_can_read_along_are_asked() {
        for good in
            ["https://id.example.com", "https://id.example.com:8443/a?b=c", "http://127.0.0.1:1", "http://[::1]/a"]
        {
            assert!(Endpoint::configured(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://id.example.com", InvalidProvider::NotSecure),
            ("http://127.0.0.1.example.com/", InvalidProvider::NotSecure),
            ("ftp://127.0.0.1/", InvalidProvider::NotSecure),
            ("id.example.com", InvalidProvider::NotSecure),
            ("/a", InvalidProvider::NotPlain),
            ("", InvalidProvider::NotPlain),
            ("https://user:word@example.com/", InvalidProvider::NotPlain),
            ("https://example.com/#a", InvalidProvider::NotPlain),
        ] {
            assert_eq!(Endpoint::configured(bad).err(), Some(why), "{bad}");
        }
    }

    #[test]
    fn a_provider_elsewhere_does_not_send_us_to_this_machine() {
        let (elsewhere, here) = (
            Endpoint::configured("https://id.example.com").unwrap(),
            Endpoint::configured("http://localhost:1").unwrap(),
        );
        for url in [
            "http://127.0.0.1/token",
            "http://localhost/",
            "http://id.example.com/token",
            "https://127.0.0.1/token",
            "https://127.1.2.3:8443/token",
            "https://LOCALHOST/token",
            "https://localhost./token",
            "https://id.localhost/token",
            "https://0.0.0.0/token",
            "https://[::1]/token",
            "https://[::]/token",
            "https://[::ffff:127.0.0.1]/token",
        ] {
            assert_eq!(elsewhere.named_by(url).err(), Some(InvalidProvider::NotSecure), "{url}");
        }
        assert!(elsewhere.named_by("https://other.example.com/token").is_ok());
        assert!(here.named_by("http://127.0.0.1:2/token").is_ok());
        assert_eq!(here.named_by("http://id.example.com/token").err(), Some(InvalidProvider::NotSecure));
    }

    #[test]
    fn parameters_are_added_to_those_that_are_there() {
        let with_query = |url| Endpoint::configured(url).unwrap().with_query(&[("a", "b c&d")]);
        assert_eq!(with_query("https://id.example.com/auth"), "https://id.example.com/auth?a=b+c%26d");
        assert_eq!(with_query("https://id.example.com/auth?x=y"), "https://id.example.com/auth?x=y&a=b+c%26d");
    }
}
