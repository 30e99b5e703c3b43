//! Second factors: how they are set up, shown, asked for again and removed.

mod confirm_totp;
mod list_factors;
mod remove_totp;
mod renew_recovery_codes;
mod reset_factors;
mod set_up_totp;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::factors::FactorKind;
use domain::sessions::{Method, RefreshToken, SessionId};
use domain::units::{AccountUnit, Begin};
use domain::users::{User, UserRepository};
use domain::{Clock, Ids};

pub use crate::second_factors::{SecondFactor, SecondFactors};
pub use list_factors::FactorList;
pub use set_up_totp::SetUpTotp;

use crate::ApplicationError;
use crate::end_all::forget_methods;
use crate::events::Journal;
use crate::one_time_tokens::OneTimeTokens;
use crate::second_factors::kinds_of;

/// The use cases of second factors.
#[derive(Clone)]
pub struct Factors {
    /// Finds whose they are.
    pub users: Arc<dyn UserRepository>,
    /// Reads and computes them.
    pub second_factors: SecondFactors,
    /// Writes accounts.
    pub units: Arc<dyn Begin<dyn AccountUnit>>,
    /// Tells users what has happened.
    pub one_time_tokens: OneTimeTokens,
    /// Makes ids, and the randomness of recovery codes.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
    /// How old a proof may be for what changes how somebody gets in.
    pub sudo_window: TimeDelta,
}

impl Factors {
    /// Whatever was removed in this unit is forgotten, so that this session does not claim it any more. Recovery codes
    /// go with the last factor. Returns the session, or `None` if nothing is left that it began by: then it ends, too.
    ///
    /// # Errors
    /// [`ApplicationError::LastFactor`], [`ApplicationError::Unavailable`].
    pub(crate) async fn forget_removed(
        &self,
        unit: &dyn AccountUnit,
        user: &User,
        session: &RefreshToken,
    ) -> Result<Option<SessionId>, ApplicationError> {
        let kinds = kinds_of(unit.factors(), unit.passkeys(), user.id).await?;
        if kinds.is_empty() {
            self.second_factors.may_have_none(user)?;
            unit.factors().replace_recovery_codes(user.id, &[]).await?;
        }
        let gone = [
            (FactorKind::Totp, &[Method::Totp][..]),
            (FactorKind::Passkey, &[Method::Passkey, Method::UserVerified]),
            (FactorKind::RecoveryCode, if kinds.is_empty() { &[Method::RecoveryCode] } else { &[] }),
        ];
        let gone = gone.into_iter().filter(|(kind, _)| !kinds.contains(kind)).flat_map(|(_, methods)| methods);
        Ok(forget_methods(unit, session, gone.copied()).await?)
    }
}
