use std::net::IpAddr;

use domain::events::{By, What};
use domain::factors::{FactorKind, SecondFactorChallenge};
use domain::mail::Letter;
use domain::one_time_tokens::{OneTimeToken, Purpose};
use domain::passwords::PasswordHash;
use domain::sessions::{Device, DeviceFamily, Method, Methods, NewRefreshToken, RefreshToken, SessionId};
use domain::units::AccountUnit;
use domain::users::User;
use domain::{Nonce, StoreError};

use super::SignIn;
use crate::ApplicationError;
use crate::one_time_tokens::consume;
use crate::second_factors::Shown;
use crate::sessions::TokenPair;

/// Most devices of a user that a new one is compared with.
const MAX_DEVICES: u64 = 1000;

/// Somebody who has proven who they are.
#[derive(Clone)]
pub(super) struct Proven {
    /// Their account, as it was then.
    pub(super) user: User,
    /// How.
    pub(super) methods: Methods,
    /// The hash that replaces that of their password.
    pub(super) rehashed: Option<Rehashed>,
    /// The challenge that a second factor was asked for by. It is spent with the session.
    pub(super) challenge: Option<OneTimeToken>,
    /// The factor that they have shown and that is spent with the session.
    pub(super) shown: Option<Shown>,
}

impl Proven {
    /// By a first factor alone.
    pub(super) fn by(method: Method, user: User) -> Self {
        Self::by_methods(Methods::only(method), user)
    }

    /// By these methods, and nothing is to be spent.
    pub(super) fn by_methods(methods: Methods, user: User) -> Self {
        Self { user, methods, rehashed: None, challenge: None, shown: None }
    }
}

/// A stored hash of outdated parameters, and what is to replace it.
#[derive(Clone)]
pub(super) struct Rehashed {
    pub(super) old: PasswordHash,
    pub(super) new: PasswordHash,
}

impl SignIn {
    /// Starts a session of somebody who has proven who they are. It is the only way to one, whatever the proof was:
    /// here it is asked whether the account may have sessions.
    ///
    /// `None` when the account is no longer as `proven` has it.
    ///
    /// # Errors
    /// [`ApplicationError::AccountDisabled`], [`ApplicationError::EmailNotVerified`],
    /// [`ApplicationError::SecondFactorRequired`], which are recorded; [`ApplicationError::Unavailable`].
    pub(super) async fn start_session(
        &self,
        proven: &Proven,
        device: Device,
    ) -> Result<Option<TokenPair>, ApplicationError> {
        if let Some((what, refusal)) = self.refusal(&proven.user) {
            return Err(self.refused(what, device.address(), refusal).await);
        }
        if let Some(factors) = self.hashing.in_turn(self.what_is_missing(proven)).await? {
            let asking = self.ask_for_second_factor(proven, factors, device.address());
            return Err(self.hashing.in_turn(asking).await?);
        }
        self.hashing.in_turn(self.store_session(proven, device)).await
    }

    /// What whoever has proven too little for a session may show besides; `None` when it is enough.
    pub(super) async fn what_is_missing(&self, proven: &Proven) -> Result<Option<Vec<FactorKind>>, StoreError> {
        let Proven { user, methods, shown, .. } = proven;
        if methods.has_second_factor() {
            return Ok(None);
        }
        let factors = self.second_factors.kinds(user.id).await?;
        if !factors.is_empty() {
            return Ok(Some(factors));
        }
        let Some(grace) = self.second_factors.grace(user).await? else { return Ok(None) };
        let due_at = self.second_factors.policy.due_at(&grace);
        if self.clock.now() < due_at {
            return Ok(None);
        }
        // What the mailbox gave is no reason to believe it once more, also where its code was mailed for another
        // sign-in.
        let is_by_mail = *methods == Methods::only(Method::Mail) || grace.reset_at.is_some_and(|at| due_at <= at);
        if !is_by_mail && matches!(shown, Some(Shown::EmailCode(_))) {
            return Ok(None);
        }
        let may_mail = !is_by_mail && self.one_time_tokens.can_notify(user);
        Ok(Some(may_mail.then_some(FactorKind::EmailCode).into_iter().collect()))
    }

    /// Why this account may not have a session, if it may not.
    fn refusal(&self, user: &User) -> Option<(What, ApplicationError)> {
        if !user.is_active {
            return Some((What::LoginRefusedDisabled { user: user.id }, ApplicationError::AccountDisabled));
        }
        if self.registration.needs_proof() && !user.email_verified {
            return Some((What::LoginRefusedUnverified { user: user.id }, ApplicationError::EmailNotVerified));
        }
        None
    }

    /// Hands out a challenge, by which the sign-in goes on.
    async fn ask_for_second_factor(
        &self,
        proven: &Proven,
        factors: Vec<FactorKind>,
        address: Option<IpAddr>,
    ) -> Result<ApplicationError, ApplicationError> {
        let user = &proven.user;
        let unit = self.units.begin().await?;
        let challenge =
            self.one_time_tokens.hand_out(unit.as_ref(), Purpose::SecondFactor, user, proven.methods).await?;
        let event = By::Anyone.did(What::SecondFactorAsked { user: user.id }).from_address(address);
        self.journal.commit(unit, event).await?;
        let token = challenge.token(self.one_time_tokens.mac.as_ref());
        let (expires_at, expires_in) = (challenge.expires_at, challenge.expires_at - challenge.created_at);
        Ok(ApplicationError::SecondFactorRequired(SecondFactorChallenge { token, expires_at, expires_in, factors }))
    }

    async fn store_session(&self, proven: &Proven, device: Device) -> Result<Option<TokenPair>, ApplicationError> {
        let Proven { user, methods, rehashed, challenge, shown } = proven;
        let now = self.clock.now();
        let address = device.address();
        let new = NewRefreshToken {
            id: SessionId::new(self.ids.v4()),
            user_id: user.id,
            nonce: Nonce::new(self.ids.v4().into_bytes()),
            methods: *methods,
            device,
        };
        let session = RefreshToken::start(new, now, &self.policy);
        // Signed first: a session of which nobody holds a token must not be stored.
        let pair = self.issuer.issue(&session, user, now).await?;

        let unit = self.units.begin().await?;
        if !unit.users().record_login(user.id, user.epoch, now).await? {
            return Ok(None);
        }
        if let Some(challenge) = challenge {
            consume(unit.as_ref(), challenge, now).await?;
        }
        if let Some(shown) = shown {
            self.spend(unit.as_ref(), user, shown).await?;
        }
        if let Some(Rehashed { old, new }) = rehashed {
            // If another sign-in has replaced it already, there is nothing to do: at this epoch it is the same
            // password.
            unit.passwords().replace_hash(user.id, old, new).await?;
        }
        self.tell_of_new_device(unit.as_ref(), user, &session.device).await?;
        unit.refresh_tokens().insert(&session).await?;
        if self.second_factors.policy.requires(user.role) {
            unit.factors().begin_grace(user.id, now).await?;
        }
        let (user, session) = (user.id, session.id);
        let event = By::User { user, session }.did(What::LoginSucceeded { user, session }).from_address(address);
        self.journal.commit(unit, event).await?;
        Ok(Some(pair))
    }

    /// Spends a second factor that is right, in this unit. Of a recovery code the user is told, and how many are left.
    pub(super) async fn spend(
        &self,
        unit: &dyn AccountUnit,
        user: &User,
        shown: &Shown,
    ) -> Result<(), ApplicationError> {
        shown.spend(unit, self.clock.now()).await?;
        if matches!(shown, Shown::RecoveryCode(..)) {
            let left = unit.factors().count_recovery_codes(user.id).await?;
            self.one_time_tokens.notify(unit, user, Letter::RecoveryCodeUsed { left }).await?;
        }
        Ok(())
    }

    /// Mails the user that a device signed in which none of their stored sessions knows. Nobody is told of the first
    /// sign-in ever. The user is locked by then, so that of two sign-ins at once one is the first of its device.
    async fn tell_of_new_device(&self, unit: &dyn AccountUnit, user: &User, device: &Device) -> Result<(), StoreError> {
        if user.last_login.is_none() || !self.one_time_tokens.can_notify(user) {
            return Ok(());
        }
        let family = DeviceFamily::of(device);
        let known = unit.refresh_tokens().list_devices(user.id, MAX_DEVICES).await?;
        if known.iter().any(|known| DeviceFamily::of(known) == family) {
            return Ok(());
        }
        let is_known = family != DeviceFamily::default();
        let letter = Letter::NewDevice { device: is_known.then(|| family.to_string()), address: device.address() };
        self.one_time_tokens.notify(unit, user, letter).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::registration::RegistrationMode;
    use domain::units::MockAccountUnit;

    use super::*;
    use crate::sign_in::testing::Mocks;
    use crate::testing::{a_user, now};

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

    fn by_password(user: User) -> Proven {
        Proven::by(Method::Password, user)
    }

    fn device(user_agent: &str) -> Device {
        Device::new(Some(user_agent), Some([192, 0, 2, 1].into()))
    }

    /// How many mails a sign-in of this user with [`FIREFOX`] makes where these devices are known.
    async fn mails(user: User, known: &[&str]) -> usize {
        let (mut mocks, mut unit) = (Mocks::default(), MockAccountUnit::default());
        let known: Vec<_> = known.iter().map(|user_agent| device(user_agent)).collect();
        unit.users.expect_record_login().return_once(|_, _, _| Ok(true));
        unit.refresh_tokens.expect_list_devices().returning(move |_, _| Ok(known.clone()));
        unit.refresh_tokens.expect_insert().times(1).returning(|_| Ok(()));
        let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = sent.clone();
        unit.outbox.expect_insert().returning(move |mail| {
            let expected = Some("Firefox on Linux".to_owned());
            assert!(matches!(&mail.letter, Letter::NewDevice { device, .. } if *device == expected));
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        mocks.units([unit]);
        mocks.build().start_session(&by_password(user), device(FIREFOX)).await.unwrap().unwrap();
        sent.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_new_device_is_told_once_and_the_first_sign_in_never() {
        let user = User { last_login: Some(now()), ..a_user() };
        let newer = FIREFOX.replace("143", "151");
        assert_eq!(mails(user.clone(), &[]).await, 1);
        assert_eq!(mails(user.clone(), &["curl/8.5.0"]).await, 1);
        assert_eq!(mails(user.clone(), &["curl/8.5.0", &newer]).await, 0);
        assert_eq!(mails(User { last_login: None, ..user.clone() }, &[]).await, 0);
        assert_eq!(mails(User { email_verified: false, ..user }, &[]).await, 0);
    }

    #[tokio::test]
    async fn the_mode_decides_whether_an_unproven_account_has_sessions() {
        let unproven = User { email_verified: false, ..a_user() };
        for (registration, is_admitted) in
            [(RegistrationMode::Open, true), (RegistrationMode::Verified, false), (RegistrationMode::Closed, true)]
        {
            let (mut mocks, mut unit) = (Mocks::default(), MockAccountUnit::default());
            if is_admitted {
                unit.users.expect_record_login().return_once(|_, _, _| Ok(true));
                unit.refresh_tokens.expect_insert().times(1).returning(|_| Ok(()));
            }
            mocks.units([unit]);
            let events = mocks.units.events();
            let sign_in = SignIn { registration, ..mocks.build() };
            let result = sign_in.start_session(&by_password(unproven.clone()), Device::default()).await;
            assert_eq!(result.is_ok(), is_admitted, "{registration:?}");
            if let Err(refusal) = result {
                assert!(matches!(refusal, ApplicationError::EmailNotVerified));
                assert_eq!(events.lock().unwrap()[0].what, What::LoginRefusedUnverified { user: a_user().id });
            }
        }
    }
}
