//! Second factors as they are shown: a part of the services that ask for one.

use std::sync::Arc;

use domain::attempts::{AttemptKey, AttemptLimit, AttemptRepository, Attempted, Reservation, Subject};
use domain::factors::{
    FactorKind, FactorRepository, Grace, HashedRecoveryCode, RecoveryCode, SecondFactorPolicy, TotpCode, TotpDevice,
    TotpDeviceId, TotpSecrets, TotpStep,
};
use domain::one_time_tokens::OneTimeToken;
use domain::sessions::Method;
use domain::units::AccountUnit;
use domain::users::{User, UserId};
use domain::{Clock, Mac, Secret, StoreError, Timestamp};

use crate::ApplicationError;

/// Finds out whether a second factor is right.
#[derive(Clone)]
pub struct SecondFactors {
    /// Factors, outside a unit of work.
    pub factors: Arc<dyn FactorRepository>,
    /// Computes the codes of authenticator apps.
    pub totp: Arc<dyn TotpSecrets>,
    /// Counts attempts.
    pub attempts: Arc<dyn AttemptRepository>,
    /// Computes the keys of counts, and what is stored of recovery codes.
    pub mac: Arc<dyn Mac>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Who must have one.
    pub policy: SecondFactorPolicy,
}

/// A second factor, as somebody typed it.
#[derive(Clone, Debug)]
pub enum SecondFactor {
    /// A code of an authenticator app.
    Totp(Secret),
    /// A recovery code.
    RecoveryCode(Secret),
}

/// A second factor that is right, and not spent yet.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    Totp(TotpDeviceId, TotpStep),
    RecoveryCode(UserId, HashedRecoveryCode),
    /// A code that was mailed, in place of a factor that is due.
    EmailCode(Box<OneTimeToken>),
}

impl SecondFactors {
    /// The kinds of second factor that this user can show, outside a unit of work: [`kinds_of`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn kinds(&self, user: UserId) -> Result<Vec<FactorKind>, StoreError> {
        kinds_of(self.factors.as_ref(), user).await
    }

    /// Refuses to leave a user without any factor who must have one. Call it with the user locked.
    ///
    /// # Errors
    /// [`ApplicationError::LastFactor`].
    pub(crate) fn may_have_none(&self, user: &User) -> Result<(), ApplicationError> {
        if self.policy.requires(user.role) { Err(ApplicationError::LastFactor) } else { Ok(()) }
    }

    /// The time in which this user, who has no second factor, may go without one: that which has begun, or that which
    /// begins with their next sign-in. `None` where they need none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn grace(&self, user: &User) -> Result<Option<Grace>, StoreError> {
        if !self.policy.requires(user.role) {
            return Ok(None);
        }
        let begun = self.factors.find_grace(user.id).await?;
        Ok(Some(begun.unwrap_or(Grace { began_at: self.clock.now(), reset_at: None })))
    }

    /// Accepts a second factor that is right. [`Shown::spend`] it in the unit of work.
    ///
    /// An attempt counts before anything is compared. Another challenge does not come with other attempts.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidSecondFactor`], [`ApplicationError::TooManyAttempts`],
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn accept(&self, user: UserId, factor: &SecondFactor) -> Result<Shown, ApplicationError> {
        self.reserve(user).await?;
        let shown = match factor {
            SecondFactor::Totp(typed) => self.find_step(user, typed).await?,
            SecondFactor::RecoveryCode(typed) => RecoveryCode::parse(typed.expose())
                .map(|code| Shown::RecoveryCode(user, code.hash(user, self.mac.as_ref()))),
        };
        shown.ok_or(ApplicationError::InvalidSecondFactor)
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
pub(crate) async fn kinds_of(factors: &dyn FactorRepository, user: UserId) -> Result<Vec<FactorKind>, StoreError> {
    if !factors.list_totp(user).await?.iter().any(TotpDevice::is_confirmed) {
        return Ok(Vec::new());
    }
    let has_codes = factors.count_recovery_codes(user).await? > 0;
    Ok([FactorKind::Totp].into_iter().chain(has_codes.then_some(FactorKind::RecoveryCode)).collect())
}

impl Shown {
    /// What it is.
    pub(crate) const fn method(&self) -> Method {
        match self {
            Self::Totp(..) => Method::Totp,
            Self::RecoveryCode(..) => Method::RecoveryCode,
            Self::EmailCode(_) => Method::Mail,
        }
    }

    /// Spends it, in this unit. Of many who try at once one does.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidSecondFactor`] when it was spent before, or was none; [`ApplicationError::Unavailable`].
    pub(crate) async fn spend(&self, unit: &dyn AccountUnit, now: Timestamp) -> Result<(), ApplicationError> {
        let is_spent = match self {
            Self::Totp(device, step) => unit.factors().use_totp(*device, *step).await?,
            Self::RecoveryCode(user, code) => unit.factors().use_recovery_code(*user, code).await?,
            Self::EmailCode(token) => unit.one_time_tokens().consume(token.id, now).await?,
        };
        if is_spent { Ok(()) } else { Err(ApplicationError::InvalidSecondFactor) }
    }
}
