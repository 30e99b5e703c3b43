use std::net::IpAddr;

use domain::Secret;
use domain::events::{By, What};
use domain::one_time_tokens::{OneTimeToken, Purpose};
use domain::passkeys::CeremonyPurpose;
use domain::sessions::{Device, Methods};
use domain::users::{User, UserId, UserIdentifier};

use super::SignIn;
use super::start_session::Proven;
use crate::ApplicationError;
use crate::one_time_tokens::Proof;
use crate::second_factors::{SecondFactor, Shown};
use crate::sessions::TokenPair;

/// The rest of a sign-in that a second factor was asked for in.
#[derive(Clone, Debug)]
pub struct FinishSignIn {
    /// The challenge.
    pub challenge: Secret,
    /// What is shown for it.
    pub factor: SecondFactor,
    /// What signs in.
    pub device: Device,
}

/// Somebody whom a second factor was asked of.
pub(super) struct Challenged {
    pub(super) challenge: OneTimeToken,
    /// Their account, as it is now.
    pub(super) user: User,
    /// What they had proven before.
    pub(super) methods: Methods,
}

impl SignIn {
    /// Starts the session of a sign-in that needed a second factor. Challenge and factor are spent with it, and with
    /// nothing else: whoever mistypes tries again.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidChallenge`] when the challenge is not good or the account has changed since;
    /// [`ApplicationError::InvalidSecondFactor`], [`ApplicationError::TotpUsedUp`],
    /// [`ApplicationError::InvalidPasskey`], [`ApplicationError::InvalidCeremony`],
    /// [`ApplicationError::TooManyAttempts`], [`ApplicationError::AccountDisabled`],
    /// [`ApplicationError::EmailNotVerified`], [`ApplicationError::Unavailable`].
    pub async fn by_second_factor(&self, finish: FinishSignIn) -> Result<TokenPair, ApplicationError> {
        self.counted(self.finish(finish).await)
    }

    async fn finish(&self, finish: FinishSignIn) -> Result<TokenPair, ApplicationError> {
        let FinishSignIn { challenge, factor, device } = finish;
        let challenged = self.find_challenged(challenge).await?;
        let user_id = challenged.user.id;
        let purpose = CeremonyPurpose::SecondFactor { user: user_id, challenge: challenged.challenge.id };
        let shown = self.second_factors.accept(user_id, &factor, purpose).await;
        let pair = self.start_challenged(challenged, shown, device).await?;
        self.second_factors.was_right(user_id).await;
        Ok(pair)
    }

    /// Finds whoever got this challenge, while it is good.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidChallenge`], [`ApplicationError::Unavailable`].
    pub(super) async fn find_challenged(&self, challenge: Secret) -> Result<Challenged, ApplicationError> {
        let challenge = self.one_time_tokens.prove(Purpose::SecondFactor, &Proof::Token(challenge)).await?;
        let (user_id, methods) = challenge.user_id.zip(challenge.proven).ok_or(ApplicationError::InvalidChallenge)?;
        let found = self.passwords.find_with_user(&UserIdentifier::Id(user_id)).await?;
        // What was proven of an account that has changed since is worth nothing.
        let found = found.filter(|(user, _)| challenge.epoch == Some(user.epoch));
        let (user, _) = found.ok_or(ApplicationError::InvalidChallenge)?;
        Ok(Challenged { challenge, user, methods })
    }

    /// Starts the session with what was shown, if it is right.
    ///
    /// # Errors
    /// Those of [`SignIn::by_second_factor`].
    pub(super) async fn start_challenged(
        &self,
        challenged: Challenged,
        shown: Result<Shown, ApplicationError>,
        device: Device,
    ) -> Result<TokenPair, ApplicationError> {
        let Challenged { challenge, user, methods } = challenged;
        let (user_id, address) = (user.id, device.address());
        let shown = match shown {
            Ok(shown) => shown,
            Err(refusal) => return Err(self.refuse_second_factor(user_id, address, refusal).await),
        };
        let methods = shown.after(methods);
        let proven = Proven { challenge: Some(challenge), shown: Some(shown), ..Proven::by_methods(methods, user) };
        match self.start_session(&proven, device).await {
            Ok(pair) => pair.ok_or(ApplicationError::InvalidChallenge),
            // Spent by another at this very moment, or not a recovery code at all.
            Err(refusal) => Err(self.refuse_second_factor(user_id, address, refusal).await),
        }
    }

    /// Records that a second factor was wrong, if that is the refusal, and returns it. A sign-in counts it by the
    /// refusal, whether or not it could be recorded.
    pub(super) async fn refuse_second_factor(
        &self,
        user: UserId,
        address: Option<IpAddr>,
        refusal: ApplicationError,
    ) -> ApplicationError {
        match refusal {
            ApplicationError::InvalidSecondFactor | ApplicationError::InvalidPasskey { suspected: None } => {
                let event = By::Anyone.did(What::SecondFactorWrong { user }).from_address(address);
                self.journal.record_refusal(&self.units, &self.hashing, event).await;
                refusal
            }
            ApplicationError::InvalidPasskey { suspected: Some(user) } => self.warn_of_copy(user, address).await,
            refusal => refusal,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::factors::TotpCode;
    use domain::units::MockAccountUnit;

    use super::*;
    use crate::events::SignInOutcome;
    use crate::factors::testing as factors;
    use crate::one_time_tokens::testing::a_token;
    use crate::sign_in::testing::Mocks;
    use crate::testing::{FakeMac, a_hash, a_user};

    #[tokio::test]
    async fn a_wrong_second_factor_counts_once_also_where_the_database_does_not_take_its_record() {
        for refuses_commit in [false, true] {
            let challenge = a_token(Purpose::SecondFactor);
            let methods = Some(Methods::only(domain::sessions::Method::Password));
            let challenge = OneTimeToken { proven: methods, epoch: Some(a_user().epoch), ..challenge };
            let shown = challenge.token(&FakeMac);
            let mut mocks = Mocks { factors: factors::Mocks::one().taking_all(), ..Mocks::default() };
            mocks.factors.totp.expect_steps().returning(|_, _, _| Vec::new());
            mocks.one_time_tokens = std::mem::take(&mut mocks.one_time_tokens).finding(challenge);
            mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), Some(a_hash())))));
            let mut unit = MockAccountUnit::default();
            unit.unit.refuses_commit = refuses_commit;
            mocks.units([unit]);
            let sign_in = mocks.build();
            let factor = SecondFactor::Totp(TotpCode::parse("123456").unwrap());
            let finish = FinishSignIn { challenge: shown, factor, device: Device::default() };
            let result = sign_in.by_second_factor(finish).await;
            assert!(matches!(result, Err(ApplicationError::InvalidSecondFactor)), "{result:?}");
            let counted = sign_in.journal.counters.read().sign_ins.into_iter().filter(|(_, count)| *count > 0);
            assert_eq!(counted.collect::<Vec<_>>(), [(SignInOutcome::WrongSecondFactor, 1)]);
        }
    }
}
