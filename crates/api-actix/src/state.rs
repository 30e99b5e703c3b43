//! What the routes share.

use std::sync::Arc;
use std::time::Duration;

use application::Application;
use domain::passwords::PasswordPolicy;
use domain::{Clock, HealthCheck, IdGenerator};

use crate::config::Proxies;
use crate::cors::Cors;
use crate::rate_limit::RateLimits;

/// What routes work with. Made by [`Hexauth::start`](crate::hexauth::Hexauth::start).
#[derive(Clone)]
pub struct AppState {
    /// The use cases.
    pub application: Application,
    /// For readiness.
    pub health: Arc<dyn HealthCheck>,
    /// For request ids.
    pub ids: Arc<dyn IdGenerator>,
    /// For checks against today's date.
    pub clock: Arc<dyn Clock>,
    /// `iss` of access tokens.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
    /// Where clients reach this service, without a slash at the end.
    pub public_url: String,
    /// What is asked of new passwords.
    pub password_policy: PasswordPolicy,
    /// Longest time one request may take.
    pub request_timeout: Duration,
    /// Whose word on the client's address is believed.
    pub proxies: Proxies,
    /// Which web pages may read answers.
    pub(crate) cors: Cors,
    /// How often clients may sign in and the like.
    pub(crate) rate_limits: Arc<RateLimits>,
}
