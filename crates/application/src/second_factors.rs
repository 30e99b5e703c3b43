//! Second factors as they are shown: a part of the services that ask for one.

use std::sync::Arc;

use domain::attempts::{AttemptKey, AttemptLimit, AttemptRepository, Attempted, Reservation, Subject};
use domain::factors::{
    FactorKind, FactorRepository, HashedRecoveryCode, RecoveryCode, TotpCode, TotpDevice, TotpDeviceId, TotpSecrets,
    TotpStep,
};
use domain::passkeys::{CeremonyPurpose, Passkey, PasskeyId, PasskeyRepository, PasskeyUse};
use domain::sessions::{Method, Methods};
use domain::units::AccountUnit;
use domain::users::UserId;
use domain::{Clock, Mac, Secret, StoreError};

use crate::ApplicationError;
use crate::ceremonies::{Ceremonies, PresentedPasskey};

/// Finds out whether a second factor is right.
#[derive(Clone)]
pub struct SecondFactors {
    /// Factors, outside a unit of work.
    pub factors: Arc<dyn FactorRepository>,
    /// Passkeys, and the responses to their challenges.
    pub ceremonies: Ceremonies,
    /// Computes the codes of authenticator apps.
    pub totp: Arc<dyn TotpSecrets>,
    /// Counts attempts.
    pub attempts: Arc<dyn AttemptRepository>,
    /// Computes the keys of counts, and what is stored of recovery codes.
    pub mac: Arc<dyn Mac>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// A second factor, as somebody shows it.
#[derive(Clone, Debug)]
pub enum SecondFactor {
    /// A code of an authenticator app.
    Totp(Secret),
    /// A recovery code.
    RecoveryCode(Secret),
    /// A passkey.
    Passkey(PresentedPasskey),
}

/// A second factor that is right, and not spent yet.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    Totp(TotpDeviceId, TotpStep),
    RecoveryCode(UserId, HashedRecoveryCode),
    /// And whether its authenticator found out who uses it.
    Passkey(PasskeyId, PasskeyUse, bool),
}

impl SecondFactors {
    /// The kinds of second factor that this user can show, outside a unit of work: [`kinds_of`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn kinds(&self, user: UserId) -> Result<Vec<FactorKind>, StoreError> {
        kinds_of(self.factors.as_ref(), self.ceremonies.passkeys.as_ref(), user).await
    }

    /// Accepts a second factor that is right, of the user whom this purpose names. [`Shown::spend`] it in the unit of work.
    ///
    /// An attempt at a code counts before anything is compared. Another challenge does not come with other attempts. A passkey
    /// cannot be guessed, and whoever guesses codes does not lock it.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidSecondFactor`], [`ApplicationError::TooManyAttempts`], those of [`Ceremonies::accept`];
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn accept(
        &self,
        user: UserId,
        factor: &SecondFactor,
        purpose: CeremonyPurpose,
    ) -> Result<Shown, ApplicationError> {
        if let SecondFactor::Passkey(presented) = factor {
            return Ok(self.accept_passkey(|it| *it == purpose, presented).await?.1);
        }
        self.reserve(user).await?;
        let shown = match factor {
            SecondFactor::Totp(typed) => self.find_step(user, typed).await?,
            SecondFactor::RecoveryCode(typed) => RecoveryCode::parse(typed.expose())
                .map(|code| Shown::RecoveryCode(user, code.hash(user, self.mac.as_ref()))),
            SecondFactor::Passkey(_) => None,
        };
        shown.ok_or(ApplicationError::InvalidSecondFactor)
    }

    /// Accepts a passkey, and says whose it is.
    ///
    /// # Errors
    /// Those of [`Ceremonies::accept`].
    pub(crate) async fn accept_passkey(
        &self,
        is_it: impl FnOnce(&CeremonyPurpose) -> bool + Send,
        presented: &PresentedPasskey,
    ) -> Result<(Passkey, Shown), ApplicationError> {
        let (passkey, asserted) = self.ceremonies.accept(is_it, presented).await?;
        let shown = Shown::Passkey(passkey.id, self.ceremonies.used(asserted), asserted.is_user_verified);
        Ok((passkey, shown))
    }

    /// Takes an attempt at a second factor of this user.
    ///
    /// # Errors
    /// [`ApplicationError::TooManyAttempts`], [`ApplicationError::Unavailable`].
    pub(crate) async fn reserve(&self, user: UserId) -> Result<(), ApplicationError> {
        let now = self.clock.now();
        match self.attempts.reserve(&self.key(user), &AttemptLimit::SECOND_FACTOR, now).await? {
            Reservation::Taken => Ok(()),
            Reservation::Refused { free_at } => Err(ApplicationError::TooManyAttempts { retry_after: free_at - now }),
        }
    }

    /// The attempts before one that was right are forgotten.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn was_right(&self, user: UserId) -> Result<(), StoreError> {
        self.attempts.forget(&self.key(user)).await.map(drop)
    }

    fn key(&self, user: UserId) -> AttemptKey {
        AttemptKey::new(Attempted::SecondFactor, Subject::User(user), None, self.mac.as_ref())
    }

    async fn find_step(&self, user: UserId, typed: &Secret) -> Result<Option<Shown>, StoreError> {
        let Some(code) = TotpCode::parse(typed.expose()) else { return Ok(None) };
        let devices = self.factors.list_totp(user).await?;
        // The earliest fresh step, since a code may be that of two, of which one is used.
        let mut steps = devices.iter().filter(|device| device.is_confirmed()).flat_map(|device| {
            let steps = self.totp.steps(device, &code, self.clock.now());
            steps.into_iter().filter(|step| device.takes(*step)).map(|step| Shown::Totp(device.id, step))
        });
        Ok(steps.next())
    }
}

/// The kinds of second factor that a user can show. None where none is set up: a recovery code is none by itself.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(crate) async fn kinds_of(
    factors: &dyn FactorRepository,
    passkeys: &dyn PasskeyRepository,
    user: UserId,
) -> Result<Vec<FactorKind>, StoreError> {
    let has_passkeys = !passkeys.list(user).await?.is_empty();
    let has_totp = factors.list_totp(user).await?.iter().any(TotpDevice::is_confirmed);
    let has_codes = (has_passkeys || has_totp) && factors.count_recovery_codes(user).await? > 0;
    let kinds = [
        has_passkeys.then_some(FactorKind::Passkey),
        has_totp.then_some(FactorKind::Totp),
        has_codes.then_some(FactorKind::RecoveryCode),
    ];
    Ok(kinds.into_iter().flatten().collect())
}

/// These methods and a passkey, which is two where its authenticator found out who uses it.
pub(crate) fn by_passkey(methods: Methods, is_user_verified: bool) -> Methods {
    let methods = methods.and(Method::Passkey);
    if is_user_verified { methods.and(Method::UserVerified) } else { methods }
}

impl Shown {
    /// These methods, and what this is.
    pub(crate) fn after(&self, methods: Methods) -> Methods {
        match self {
            Self::Totp(..) => methods.and(Method::Totp),
            Self::RecoveryCode(..) => methods.and(Method::RecoveryCode),
            Self::Passkey(.., is_user_verified) => by_passkey(methods, *is_user_verified),
        }
    }

    /// Spends it, in this unit. Of many who try at once one does.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidSecondFactor`] when it was spent before, or was none;
    /// [`ApplicationError::InvalidPasskey`] when the passkey is gone, or its count has grown meanwhile.
    pub(crate) async fn spend(&self, unit: &dyn AccountUnit) -> Result<(), ApplicationError> {
        let is_spent = match self {
            Self::Totp(device, step) => unit.factors().use_totp(*device, *step).await?,
            Self::RecoveryCode(user, code) => unit.factors().use_recovery_code(*user, code).await?,
            Self::Passkey(passkey, used, _) => {
                let is_recorded = unit.passkeys().record_use(*passkey, used).await?;
                return is_recorded.then_some(()).ok_or(ApplicationError::InvalidPasskey { suspected: None });
            }
        };
        if is_spent { Ok(()) } else { Err(ApplicationError::InvalidSecondFactor) }
    }
}
