//! Limits on how often a client may sign in, refresh, sign out and register. Each node counts for itself, in memory.

mod limiter;
mod recent_clients;

use std::num::NonZeroU32;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage, HttpRequest, Route};
use domain::users::Role;

use limiter::Limiter;
pub(crate) use recent_clients::ClientKey;

use crate::config::RateLimitSettings;
use crate::http::allowance::Allowance;
use crate::http::bearer::actor_if_known;
use crate::http::client_address;
use crate::http::error::ApiError;
use crate::http::parts::part;
use crate::http::settings::HttpSettings;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What is limited, each by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limited {
    Login,
    /// What goes before or after: challenges, passkeys, providers.
    SignInSteps,
    Refresh,
    Logout,
    Registration,
    PasswordReset,
    PasswordCheck,
}

impl Limited {
    fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::SignInSteps => "sign_in_steps",
            Self::Refresh => "refresh",
            Self::Logout => "logout",
            Self::Registration => "registration",
            Self::PasswordReset => "password_reset",
            Self::PasswordCheck => "password_check",
        }
    }
}

/// The limits of a node.
#[derive(Debug)]
pub(crate) struct RateLimits {
    login: Option<Limiter>,
    sign_in_steps: Option<Limiter>,
    refresh: Option<Limiter>,
    logout: Option<Limiter>,
    registration: Option<Limiter>,
    password_reset: Option<Limiter>,
    password_check: Option<Limiter>,
}

impl RateLimits {
    pub(crate) fn new(config: &RateLimitSettings) -> Self {
        let limiter = |per_minute| NonZeroU32::new(per_minute).map(Limiter::new);
        Self {
            login: limiter(config.login),
            refresh: limiter(config.refresh),
            logout: limiter(config.logout),
            registration: limiter(config.registration),
            password_reset: limiter(config.password_reset),
            password_check: limiter(config.password_check),
            sign_in_steps: limiter(config.sign_in_steps),
        }
    }

    fn of(&self, limited: Limited) -> Option<&Limiter> {
        match limited {
            Limited::Login => self.login.as_ref(),
            Limited::SignInSteps => self.sign_in_steps.as_ref(),
            Limited::Refresh => self.refresh.as_ref(),
            Limited::Logout => self.logout.as_ref(),
            Limited::Registration => self.registration.as_ref(),
            Limited::PasswordReset => self.password_reset.as_ref(),
            Limited::PasswordCheck => self.password_check.as_ref(),
        }
    }
}

/// The route with its limit, which comes before the handler and its extractors: for a refused request no body with a
/// length is awaited and no password hashed. It belongs to the route, so no other spelling of the path leads around it.
pub(crate) fn limit(limited: Limited, route: Route) -> Route {
    route.wrap(from_fn(move |request, next: Next<BoxBody>| check(limited, request, next)))
}

async fn check(limited: Limited, request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let is_exempt = match limited {
        Limited::Registration => is_admin(request.request()).await,
        Limited::Login
        | Limited::SignInSteps
        | Limited::Refresh
        | Limited::Logout
        | Limited::PasswordReset
        | Limited::PasswordCheck => Ok(false),
    };
    if matches!(is_exempt, Ok(true)) {
        return next.call(request).await;
    }
    let response = match (spend(limited, request.request()), is_exempt) {
        (Ok(()), Ok(_)) => next.call(request).await?,
        // The guard would judge the token again, and say the same.
        (Err(error), _) | (Ok(()), Err(error)) => request.error_response(error),
    };
    Ok(set_headers(response))
}

/// A route whose handler calls [`count`] itself, since only the body tells of which kind the request is.
pub(crate) fn limit_in_handler(route: Route) -> Route {
    route.wrap(from_fn(async |request: ServiceRequest, next: Next<BoxBody>| next.call(request).await.map(set_headers)))
}

/// Counts a request of this kind for its client.
///
/// # Errors
/// [`ApiError::RateLimited`] when there have been too many.
pub(crate) fn spend(limited: Limited, request: &HttpRequest) -> Result<(), ApiError> {
    let Some(limiter) = part::<RateLimits>(request)?.of(limited) else { return Ok(()) };
    let address = client_address::of(request, &part::<HttpSettings>(request)?.proxies);
    let checked = limiter.check(address);
    let (Ok(allowance) | Err(allowance)) = checked;
    request.extensions_mut().insert(allowance);
    checked.map(drop).map_err(|allowance| {
        tracing::warn!(target: "audit", event = "rate_limit.exceeded", limit = limited.as_str());
        ApiError::RateLimited(allowance)
    })
}

/// An admin who creates users has proven who they are. A request without a token costs nothing to check.
async fn is_admin(request: &HttpRequest) -> Result<bool, ApiError> {
    Ok(actor_if_known(request).await?.is_some_and(|actor| actor.role == Role::Admin))
}

/// Tells a client that was counted what it may still do.
fn set_headers(mut response: ServiceResponse) -> ServiceResponse {
    let allowance = response.request().extensions().get::<Allowance>().copied();
    if let Some(Allowance { limit, remaining, reset }) = allowance {
        let headers = response.headers_mut();
        headers.insert(LIMIT, HeaderValue::from(limit));
        headers.insert(REMAINING, HeaderValue::from(remaining));
        headers.insert(RESET, HeaderValue::from(reset));
    }
    response
}
