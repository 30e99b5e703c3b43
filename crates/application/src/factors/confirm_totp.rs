use domain::Secret;
use domain::events::What;
use domain::factors::{TotpCode, TotpDevice, TotpDeviceId};
use domain::mail::Letter;
use domain::sessions::{Authentication, Method};

use super::Factors;
use crate::acting::{Proven, begin_proven};
use crate::end_all::commit_ways_in;
use crate::second_factors::kinds_of;
use crate::{Actor, ApplicationError};

impl Factors {
    /// Makes an authenticator app a factor of the actor's by its first code, which is spent. The actor's other sessions
    /// end, and this one counts as proven by the factor. With the first factor come recovery codes, shown once.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`]; [`ApplicationError::NotFound`] when there is no such device that is not
    /// confirmed; [`ApplicationError::WrongProof`]; [`ApplicationError::TooManyAttempts`];
    /// [`ApplicationError::InvalidAccessToken`]; [`ApplicationError::Unavailable`].
    pub async fn confirm_totp(
        &self,
        actor: &Actor,
        id: TotpDeviceId,
        code: &TotpCode,
    ) -> Result<Option<Vec<Secret>>, ApplicationError> {
        // Whoever may not confirm it uses up no attempts of its owner's.
        self.begin_confirming(actor, id).await.map(drop)?;
        self.second_factors.reserve(actor.user_id).await?;
        let (Proven { unit, user, session }, device) = self.begin_confirming(actor, id).await?;
        let kinds = kinds_of(unit.factors(), unit.passkeys(), user.id).await?;
        let now = self.clock.now();
        let steps = self.second_factors.totp.steps(&device, code, now);
        let step = *steps.last().ok_or(ApplicationError::WrongProof)?;
        if !unit.factors().confirm_totp(id, step, now).await? {
            return Err(ApplicationError::NotFound);
        }
        let codes = if kinds.is_empty() { Some(self.new_recovery_codes(unit.as_ref(), user.id).await?) } else { None };
        let methods = session.authentication.methods.and(Method::Totp);
        let authentication = Authentication { at: now, methods };
        unit.refresh_tokens().record_authentication(session.id, authentication).await?;
        self.one_time_tokens.notify(unit.as_ref(), &user, Letter::FactorAdded).await?;
        let event = actor.did(What::FactorAdded { user: user.id });
        commit_ways_in(&self.journal, unit, user, Some(actor.session), event).await?;
        self.second_factors.was_right(actor.user_id).await;
        Ok(codes)
    }

    /// Begins a unit in which the actor may confirm this device of theirs.
    ///
    /// # Errors
    /// Those of [`begin_proven`]; [`ApplicationError::NotFound`].
    async fn begin_confirming(
        &self,
        actor: &Actor,
        id: TotpDeviceId,
    ) -> Result<(Proven, TotpDevice), ApplicationError> {
        let proven = begin_proven(self.units.as_ref(), actor, self.clock.as_ref(), self.sudo_window).await?;
        let devices = proven.unit.factors().list_totp(proven.user.id).await?;
        let device = devices.into_iter().find(|device| device.id == id && !device.is_confirmed());
        Ok((proven, device.ok_or(ApplicationError::NotFound)?))
    }
}
