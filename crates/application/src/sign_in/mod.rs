//! Signing in: factors in, session out.

mod by_email_code;
mod by_mail;
mod by_passkey;
mod by_provider;
mod by_second_factor;
mod login;
mod outcome;
mod reclaim;
mod request_by_mail;
mod start_session;
mod step_up;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use domain::passwords::PasswordRepository;
use domain::registration::RegistrationMode;
use domain::sessions::RefreshPolicy;
use domain::units::{AccountUnit, Begin};
use domain::{Clock, Ids};

pub use by_passkey::PasskeySignIn;
pub use by_second_factor::FinishSignIn;
pub use login::Login;
pub use step_up::StepUp;

pub(crate) use reclaim::reclaim;

use crate::Hashing;
use crate::attempts::Attempts;
use crate::events::Journal;
use crate::one_time_tokens::OneTimeTokens;
use crate::second_factors::SecondFactors;
use crate::sessions::TokenIssuer;

/// The use cases of signing in.
#[derive(Clone)]
pub struct SignIn {
    /// Passwords, outside a unit of work.
    pub passwords: Arc<dyn PasswordRepository>,
    /// Writes accounts.
    pub units: Arc<dyn Begin<dyn AccountUnit>>,
    /// Bounds what anyone may try.
    pub attempts: Attempts,
    /// Mails ways in.
    pub one_time_tokens: OneTimeTokens,
    /// Finds out whether second factors are right.
    pub second_factors: SecondFactors,
    /// Compares passwords.
    pub hashing: Hashing,
    /// Issues the tokens of a session.
    pub issuer: TokenIssuer,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
    /// How long sessions live.
    pub policy: RefreshPolicy,
    /// Decides whether an account without a proven address may have sessions.
    pub registration: RegistrationMode,
    /// Whether people may sign in by a mail.
    pub email_sign_in: bool,
}
