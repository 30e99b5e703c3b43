use domain::StoreError;
use domain::events::What;
use domain::passkeys::CeremonyPurpose;
use domain::passwords::{Password, PasswordHash, Verification};
use domain::sessions::{Authentication, Method};
use domain::users::{UserId, UserIdentifier};

use super::SignIn;
use crate::acting::begin_in_session;
use crate::attempts::{Guess, Whose};
use crate::second_factors::{SecondFactor, Shown};
use crate::sudo::strongest;
use crate::{Actor, ApplicationError};

/// How an actor proves again who they are.
#[derive(Clone, Debug)]
pub enum StepUp {
    /// By their password, if they have no second factor.
    Password(Password),
    /// By a second factor.
    SecondFactor(SecondFactor),
}

impl SignIn {
    /// Proves that it is still the user who holds the session, by the strongest factor that they have. It counts for
    /// this session alone; no refresh renews it.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`] when a password is shown where a second factor is set up, or a code of a
    /// kind that is not, which is no guess; [`ApplicationError::NoPassword`],
    /// [`ApplicationError::WrongCurrentPassword`], [`ApplicationError::WrongProof`],
    /// [`ApplicationError::PasskeysOff`], [`ApplicationError::InvalidCeremony`], [`ApplicationError::TotpUsedUp`],
    /// [`ApplicationError::TooManyAttempts`], [`ApplicationError::InvalidAccessToken`],
    /// [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub async fn step_up(&self, actor: &Actor, step_up: StepUp) -> Result<(), ApplicationError> {
        let factors = self.second_factors.kinds(actor.user_id).await?;
        match step_up {
            StepUp::Password(password) if factors.is_empty() => self.step_up_by_password(actor, &password).await,
            StepUp::SecondFactor(factor) if factor.may_be_of(&factors) => {
                self.step_up_by_second_factor(actor, &factor).await
            }
            _ => {
                let factors = strongest(factors, self.find_password(actor.user_id).await?.is_some());
                Err(ApplicationError::StepUpRequired { factors })
            }
        }
    }

    async fn find_password(&self, user: UserId) -> Result<Option<PasswordHash>, StoreError> {
        let found = self.passwords.find_with_user(&UserIdentifier::Id(user)).await?;
        Ok(found.and_then(|(_, hash)| hash))
    }

    async fn step_up_by_password(&self, actor: &Actor, password: &Password) -> Result<(), ApplicationError> {
        let mut place = self.hashing.reserve()?;
        let stored = self.hashing.in_turn(self.find_password(actor.user_id)).await?;
        if stored.is_none() {
            return Err(ApplicationError::NoPassword);
        }
        let guess = Guess { whose: Whose::User(actor.user_id), password, stored, address: actor.address };
        if let Verification::Mismatch = self.attempts.verify(&self.hashing, place.as_mut(), guess).await? {
            let what = What::CurrentPasswordWrong { user: actor.user_id };
            return Err(self.refused(what, actor.address, ApplicationError::WrongCurrentPassword).await);
        }
        self.hashing.in_turn(self.record_step_up(actor, None)).await
    }

    async fn step_up_by_second_factor(&self, actor: &Actor, factor: &SecondFactor) -> Result<(), ApplicationError> {
        let purpose = CeremonyPurpose::StepUp { user: actor.user_id, session: actor.session };
        let recorded = match self.second_factors.accept(actor.user_id, factor, purpose).await {
            Ok(shown) => self.record_step_up(actor, Some(&shown)).await,
            Err(refusal) => Err(refusal),
        };
        match recorded {
            Ok(()) => {
                self.second_factors.was_right(actor.user_id).await;
                Ok(())
            }
            Err(refusal) => Err(self.refuse_second_factor(actor.user_id, actor.address, refusal).await.in_session()),
        }
    }

    /// By this second factor, or by the password.
    async fn record_step_up(&self, actor: &Actor, shown: Option<&Shown>) -> Result<(), ApplicationError> {
        let (unit, session, user) = begin_in_session(self.units.as_ref(), actor, self.clock.as_ref()).await?;
        if let Some(shown) = shown {
            self.spend(unit.as_ref(), &user, shown).await?;
        }
        let before = session.authentication.methods;
        let methods = shown.map_or_else(|| before.and(Method::Password), |shown| shown.after(before));
        let authentication = Authentication { at: self.clock.now(), methods };
        unit.refresh_tokens().record_authentication(session.id, authentication).await?;
        let what = What::SteppedUp { user: user.id, session: session.id };
        self.journal.commit(unit, actor.did(what)).await
    }
}
