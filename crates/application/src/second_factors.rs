//! Second factors as they are shown: a part of the services that ask for one.

use std::sync::Arc;

use domain::attempts::{AttemptKey, AttemptLimit, AttemptRepository, Attempted, Reservation, Subject};
use domain::factors::{
    FactorKind, FactorRepository, Grace, HashedRecoveryCode, RecoveryCode, SecondFactorPolicy, TotpCode, TotpDevice,
    TotpDeviceId, TotpSecrets, TotpStep,
};
use domain::one_time_tokens::OneTimeToken;
use domain::passkeys::{CeremonyPurpose, Passkey, PasskeyId, PasskeyRepository, PasskeyUse};
use domain::sessions::{Method, Methods};
use domain::units::AccountUnit;
use domain::users::{User, UserId};
use domain::{Clock, Mac, StoreError, Timestamp};

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
    /// Says who must have one.
    pub policy: SecondFactorPolicy,
}

/// A second factor, as somebody shows it.
#[derive(Clone, Debug)]
pub enum SecondFactor {
    /// A code of an authenticator app.
    Totp(TotpCode),
    /// A recovery code.
    RecoveryCode(RecoveryCode),
    /// A passkey.
    Passkey(PresentedPasskey),
}

/// A second factor that is right, and not spent yet.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    Totp(TotpDeviceId, TotpStep),
    RecoveryCode(UserId, HashedRecoveryCode),
    Passkey(PasskeyId, PasskeyUse),
    /// A code that was mailed, in place of a factor that is due.
    EmailCode(Box<OneTimeToken>),
}

impl SecondFactors {
    /// The kinds of second factor that this user can show, outside a unit of work: [`kinds_of`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn kinds(&self, user: UserId) -> Result<Vec<FactorKind>, StoreError> {
        kinds_of(self.factors.as_ref(), self.ceremonies.passkeys.as_ref(), user).await
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

    /// Accepts a second factor that is right, of the user whom this purpose names. [`Shown::spend`] it in the unit of
    /// work.
    ///
    /// An attempt at a code counts before anything is compared. Another challenge does not come with other attempts. A
    /// passkey cannot be guessed, and whoever guesses codes does not lock it.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidSecondFactor`], [`ApplicationError::TotpUsedUp`],
    /// [`ApplicationError::TooManyAttempts`], those of [`Ceremonies::accept`]; [`ApplicationError::Unavailable`].
    pub(crate) async fn accept(
        &self,
        user: UserId,
        factor: &SecondFactor,
        purpose: CeremonyPurpose,
    ) -> Result<Shown, ApplicationError> {
        let shown = match factor {
            SecondFactor::Totp(code) => {
                self.reserve(user).await?;
                if !self.factors.take_totp_attempt(user).await? {
                    // It is not looked at, and must not use up the attempts at what is asked for instead.
                    self.attempts.give_back(&self.key(user)).await?;
                    return Err(ApplicationError::TotpUsedUp);
                }
                self.find_step(user, code).await?
            }
            SecondFactor::RecoveryCode(code) => {
                self.reserve(user).await?;
                Some(Shown::RecoveryCode(user, code.hash(user, self.mac.as_ref())))
            }
            SecondFactor::Passkey(presented) => {
                let (_, shown) = self.accept_passkey(|it| *it == purpose, presented).await?;
                Some(shown)
            }
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
        let shown = Shown::Passkey(passkey.id, self.ceremonies.used(asserted));
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

    /// The attempts before one that was right are forgotten. What it was shown for is committed by then, so a fault is
    /// no refusal: it only leaves a count that is too high.
    pub(crate) async fn was_right(&self, user: UserId) {
        let totp = self.factors.forget_totp_attempts(user).await;
        let all = self.attempts.forget(&self.key(user)).await;
        if let Err(error) = totp.and(all.map(drop)) {
            tracing::warn!(%user, %error, "attempts at a second factor are not forgotten");
        }
    }

    /// By which the attempts at all second factors of a user are counted.
    pub(crate) fn key(&self, user: UserId) -> AttemptKey {
        AttemptKey::new(Attempted::SecondFactor, Subject::User(user), None, self.mac.as_ref())
    }

    async fn find_step(&self, user: UserId, code: &TotpCode) -> Result<Option<Shown>, StoreError> {
        let devices = self.factors.list_totp(user).await?;
        // The earliest fresh step, since a code may be that of two, of which one is used.
        let mut steps = devices.iter().filter(|device| device.is_confirmed()).flat_map(|device| {
            let steps = self.totp.steps(device, code, self.clock.now());
            steps.into_iter().filter(|step| device.takes(*step)).map(|step| Shown::Totp(device.id, step))
        });
        Ok(steps.next())
    }
}

/// The kinds of second factor that a user can show. Empty where none is set up: a recovery code is not one by itself.
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

/// These methods and a passkey, which is two where its authenticator found out who uses it. That an earlier one did
/// says nothing of this one.
pub(crate) fn by_passkey(methods: Methods, is_user_verified: bool) -> Methods {
    let methods = methods.and(Method::Passkey);
    if is_user_verified {
        methods.and(Method::UserVerified)
    } else {
        methods.without(Method::UserVerified).unwrap_or(methods)
    }
}

impl SecondFactor {
    /// Whether it can be right where these are set up. Of a passkey, its ceremony tells.
    pub(crate) fn may_be_of(&self, kinds: &[FactorKind]) -> bool {
        match self {
            Self::Totp(_) => kinds.contains(&FactorKind::Totp),
            Self::RecoveryCode(_) => kinds.contains(&FactorKind::RecoveryCode),
            Self::Passkey(_) => true,
        }
    }
}

impl Shown {
    /// These methods, and what this is.
    pub(crate) fn after(&self, methods: Methods) -> Methods {
        match self {
            Self::Totp(..) => methods.and(Method::Totp),
            Self::RecoveryCode(..) => methods.and(Method::RecoveryCode),
            Self::Passkey(_, used) => by_passkey(methods, used.is_user_verified),
            Self::EmailCode(_) => methods.and(Method::Mail),
        }
    }

    /// Spends it, in this unit. Of many who try at once one does.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidSecondFactor`] when it was spent before, or was none;
    /// [`ApplicationError::InvalidPasskey`] when the passkey is gone, or its count has grown meanwhile;
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn spend(&self, unit: &dyn AccountUnit, now: Timestamp) -> Result<(), ApplicationError> {
        let is_spent = match self {
            Self::Totp(device, step) => unit.factors().use_totp(*device, *step).await?,
            Self::RecoveryCode(user, code) => unit.factors().use_recovery_code(*user, code).await?,
            Self::Passkey(passkey, used) => {
                let is_recorded = unit.passkeys().record_use(*passkey, used).await?;
                return is_recorded.then_some(()).ok_or(ApplicationError::InvalidPasskey { suspected: None });
            }
            Self::EmailCode(token) => unit.one_time_tokens().consume(token.id, now).await?,
        };
        if is_spent { Ok(()) } else { Err(ApplicationError::InvalidSecondFactor) }
    }
}

#[cfg(test)]
mod tests {
    use domain::factors::{FactorName, NewTotpDevice, SealedTotpSecret};
    use domain::units::MockAccountUnit;
    use uuid::Uuid;

    use super::*;
    use crate::factors::testing::Mocks;
    use crate::testing::{now, user_id};

    const ID: TotpDeviceId = TotpDeviceId::new(Uuid::from_u128(4));

    /// Codes are not bound to one.
    const PURPOSE: CeremonyPurpose = CeremonyPurpose::SignIn { user: None };

    /// A device whose codes up to this step are spent.
    fn a_device(last_step: Option<u64>) -> TotpDevice {
        let (name, secret) = (FactorName::parse("Phone").unwrap(), SealedTotpSecret::new(vec![1]));
        let device = TotpDevice::set_up(NewTotpDevice { id: ID, user_id: user_id(), name, secret }, now());
        TotpDevice { confirmed_at: Some(now()), last_step: last_step.map(TotpStep::new), ..device }
    }

    /// What is accepted of a code that these steps have.
    async fn accept(device: TotpDevice, steps: &'static [u64]) -> Result<Shown, ApplicationError> {
        let mut mocks = Mocks::default().taking_all();
        mocks.factors.expect_list_totp().returning(move |_| Ok(vec![device.clone()]));
        mocks.totp.expect_steps().returning(|_, _, _| steps.iter().copied().map(TotpStep::new).collect());
        mocks.build().accept(user_id(), &SecondFactor::Totp(TotpCode::parse("123456").unwrap()), PURPOSE).await
    }

    #[test]
    fn a_passkey_claims_no_verification_but_its_own() {
        let passkey = Methods::only(Method::Passkey);
        let verified = passkey.and(Method::UserVerified);
        assert_eq!((by_passkey(verified, false), by_passkey(passkey, true)), (passkey, verified));
        assert_eq!(by_passkey(Methods::only(Method::Password), false), passkey.and(Method::Password));
    }

    /// A code may be that of two steps, of which one is spent.
    #[tokio::test]
    async fn of_the_steps_of_a_code_the_earliest_fresh_one_is_spent() {
        for (last, expected) in [(None, 7), (Some(6), 7), (Some(7), 9), (Some(8), 9)] {
            let shown = accept(a_device(last), &[7, 9]).await.unwrap();
            assert!(
                matches!(shown, Shown::Totp(id, step) if (id, step.get()) == (ID, expected)),
                "{last:?}: {shown:?}"
            );
        }
        for (device, steps) in [
            (a_device(Some(9)), &[7, 9][..]),
            (a_device(None), &[]),
            (TotpDevice { confirmed_at: None, ..a_device(None) }, &[7]),
        ] {
            assert!(matches!(accept(device, steps).await, Err(ApplicationError::InvalidSecondFactor)));
        }
    }

    #[tokio::test]
    async fn an_attempt_is_taken_before_anything_is_looked_at() {
        let mut mocks = Mocks::default();
        mocks.attempts.expect_reserve().times(2).returning(|_, limit, _| {
            assert_eq!(*limit, AttemptLimit::SECOND_FACTOR);
            Ok(Reservation::Refused { free_at: now() })
        });
        let second_factors = mocks.build();
        for factor in [
            SecondFactor::Totp(TotpCode::parse("123456").unwrap()),
            SecondFactor::RecoveryCode(RecoveryCode::parse("23456-789AB").unwrap()),
        ] {
            let result = second_factors.accept(user_id(), &factor, PURPOSE).await;
            assert!(matches!(result, Err(ApplicationError::TooManyAttempts { .. })), "{result:?}");
        }
    }

    #[tokio::test]
    async fn what_another_spent_at_this_very_moment_is_wrong() {
        let mut unit = MockAccountUnit::default();
        unit.factors.expect_use_totp().times(1).returning(|_, _| Ok(false));
        let result = Shown::Totp(ID, TotpStep::new(7)).spend(&unit, now()).await;
        assert!(matches!(result, Err(ApplicationError::InvalidSecondFactor)));
    }

    #[tokio::test]
    async fn recovery_codes_are_no_factor_by_themselves() {
        let kinds = |devices: Vec<TotpDevice>, codes: u64| async move {
            let mut mocks = Mocks::default();
            mocks.passkeys.expect_list().returning(|_| Ok(Vec::new()));
            mocks.factors.expect_list_totp().return_once(|_| Ok(devices));
            mocks.factors.expect_count_recovery_codes().returning(move |_| Ok(codes));
            mocks.build().kinds(user_id()).await.unwrap()
        };
        assert_eq!(kinds(vec![], 10).await, []);
        assert_eq!(kinds(vec![TotpDevice { confirmed_at: None, ..a_device(None) }], 10).await, []);
        assert_eq!(kinds(vec![a_device(None)], 10).await, [FactorKind::Totp, FactorKind::RecoveryCode]);
        assert_eq!(kinds(vec![a_device(None)], 0).await, [FactorKind::Totp]);
    }
}
