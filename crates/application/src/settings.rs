use std::time::Duration;

use chrono::TimeDelta;
use domain::access_tokens::OptionalClaim;
use domain::clients::ClientId;
use domain::factors::SecondFactorPolicy;
use domain::keys::Algorithm;
use domain::passwords::PasswordPolicy;
use domain::registration::RegistrationMode;
use domain::sessions::RefreshPolicy;

/// What an operator decides about the use cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The client that access tokens are issued to: what people sign in with.
    pub client_id: ClientId,
    /// What access tokens say besides what every one says.
    pub claims: Vec<OptionalClaim>,
    /// How long an access token is valid. Cut at the end of its session.
    pub access_token_ttl: TimeDelta,
    /// What new signing keys are for.
    pub algorithm: Algorithm,
    /// How long a signing key is active. `None`: until it is rotated by hand.
    pub rotate_keys_after: Option<TimeDelta>,
    /// How long sessions live.
    pub refresh: RefreshPolicy,
    /// What is required of a password that somebody chooses.
    pub password_policy: PasswordPolicy,
    /// What the service calls itself: nobody should take it for a password.
    pub app_name: String,
    /// How long events are kept. Clean-up removes them afterwards.
    pub events_retention: TimeDelta,
    /// Who gets an account without an admin.
    pub registration: RegistrationMode,
    /// Whether people may sign in by a mail instead of a password.
    pub email_sign_in: bool,
    /// How old a proof may be of who somebody is, for what changes how they get in.
    pub sudo_window: TimeDelta,
    /// Where browsers are sent after a sign-in by a provider, each exactly as it is asked for.
    pub return_to: Vec<String>,
    /// Who must have a second factor, and from when on.
    pub second_factor: SecondFactorPolicy,
    /// Most connections to the database at a time for sign-ins and whatever else hashes a password. From 1 to half of
    /// all, so that a storm of them leaves some to others.
    pub sign_in_connections: usize,
    /// Longest wait of a sign-in for one of these.
    pub sign_in_patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            client_id: ClientId::default(),
            claims: Vec::new(),
            access_token_ttl: TimeDelta::minutes(15),
            algorithm: Algorithm::EdDsa,
            rotate_keys_after: Some(TimeDelta::days(90)),
            refresh: RefreshPolicy::default(),
            password_policy: PasswordPolicy::default(),
            app_name: "Hexauth".to_owned(),
            events_retention: TimeDelta::days(90),
            registration: RegistrationMode::Open,
            email_sign_in: false,
            sudo_window: TimeDelta::minutes(10),
            return_to: Vec::new(),
            second_factor: SecondFactorPolicy::default(),
            sign_in_connections: 5,
            sign_in_patience: Duration::from_secs(3),
        }
    }
}
