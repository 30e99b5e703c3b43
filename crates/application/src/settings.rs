use std::time::Duration;

use chrono::TimeDelta;
use domain::keys::Algorithm;
use domain::sessions::RefreshPolicy;

/// What an operator decides about the use cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long an access token is valid. Cut at the end of its session.
    pub access_token_ttl: TimeDelta,
    /// What new signing keys are for.
    pub algorithm: Algorithm,
    /// How long a signing key is active. `None`: until it is rotated by hand.
    pub rotate_keys_after: Option<TimeDelta>,
    /// How long sessions live.
    pub refresh: RefreshPolicy,
    /// Whether anyone may register, or admins only.
    pub registration_open: bool,
    /// Most connections to the database that sign-ins have at a time, and whatever else hashes a password. From 1 to
    /// half of all, so that a storm of them leaves some to others.
    pub sign_in_connections: usize,
    /// Longest wait of a sign-in until one of these is its own.
    pub sign_in_patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token_ttl: TimeDelta::minutes(15),
            algorithm: Algorithm::EdDsa,
            rotate_keys_after: Some(TimeDelta::days(90)),
            refresh: RefreshPolicy::default(),
            registration_open: true,
            sign_in_connections: 5,
            sign_in_patience: Duration::from_secs(3),
        }
    }
}
