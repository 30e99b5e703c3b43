//! What the routes share.

use std::sync::Arc;
use std::time::Duration;

use application::Application;
use domain::PasswordPolicy;
use domain::ports::{Clock, HealthCheck, IdGenerator};

/// What routes work with. Made by [`wiring`](crate::wiring), or by another binary that mounts the routes.
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
    /// What is asked of new passwords.
    pub password_policy: PasswordPolicy,
    /// Longest time one request may take.
    pub request_timeout: Duration,
}
