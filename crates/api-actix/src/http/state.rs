//! What the routes share.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, web};
use application::Application;
use domain::passwords::PasswordPolicy;
use domain::{Clock, HealthCheck, IdGenerator};

use super::cors::Cors;
use super::error::ApiError;
use super::fields::Rules;
use super::rate_limit::RateLimits;
use crate::config::Proxies;

/// What routes work with. Made by [`Hexauth::start`](crate::node::hexauth::Hexauth::start).
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

/// The state that every route of ours is mounted with.
pub(crate) fn state(request: &HttpRequest) -> Result<&AppState, ApiError> {
    let state = request.app_data::<web::Data<AppState>>();
    state.map(|state| state.get_ref()).ok_or(ApiError::Broken("the routes are mounted without their state"))
}

/// What the fields of this request are checked against.
pub(crate) fn rules(state: &AppState) -> Rules {
    Rules { password_policy: state.password_policy, today: state.clock.now().date_naive() }
}
