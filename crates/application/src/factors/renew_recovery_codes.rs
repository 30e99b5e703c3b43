use domain::events::What;
use domain::factors::RecoveryCode;
use domain::mail::Letter;
use domain::units::AccountUnit;
use domain::users::UserId;
use domain::{Nonce, Secret};

use super::Factors;
use crate::acting::begin_proven;
use crate::second_factors::kinds_of;
use crate::{Actor, ApplicationError};

impl Factors {
    /// Gives the actor other recovery codes, shown once. The previous ones are worth nothing any more. The user is
    /// told.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`]; [`ApplicationError::NotFound`] when the actor has no factor that they
    /// could lose; [`ApplicationError::InvalidAccessToken`]; [`ApplicationError::Unavailable`].
    pub async fn renew_recovery_codes(&self, actor: &Actor) -> Result<Vec<Secret>, ApplicationError> {
        let proven = begin_proven(self.units.as_ref(), actor, self.clock.as_ref(), self.sudo_window).await?;
        let (unit, user) = (proven.unit, proven.user);
        if kinds_of(unit.factors(), unit.passkeys(), user.id).await?.is_empty() {
            return Err(ApplicationError::NotFound);
        }
        let codes = self.new_recovery_codes(unit.as_ref(), user.id).await?;
        self.one_time_tokens.notify(unit.as_ref(), &user, Letter::RecoveryCodesRenewed).await?;
        self.journal.commit(unit, actor.did(What::RecoveryCodesRenewed { user: user.id })).await?;
        Ok(codes)
    }

    /// Replaces the recovery codes of a user by new ones, in this unit, and returns them as they are shown.
    pub(crate) async fn new_recovery_codes(
        &self,
        unit: &dyn AccountUnit,
        user: UserId,
    ) -> Result<Vec<Secret>, ApplicationError> {
        let codes = [(); RecoveryCode::IN_A_SET].map(|()| {
            // Of the five bits that a code takes of each byte, version 4 fixes one in all.
            RecoveryCode::generate(&Nonce::new(self.ids.v4().into_bytes()))
        });
        let hashed: Vec<_> = codes.iter().map(|code| code.hash(user, self.second_factors.mac.as_ref())).collect();
        unit.factors().replace_recovery_codes(user, &hashed).await?;
        Ok(codes.iter().map(RecoveryCode::show).collect())
    }
}
