use domain::Secret;
use domain::events::What;
use domain::one_time_tokens::{OneTimeToken, Purpose};
use domain::sessions::{Device, Methods};
use domain::users::{User, UserIdentifier};

use super::SignIn;
use super::start_session::Proven;
use crate::ApplicationError;
use crate::events::SignInOutcome;
use crate::one_time_tokens::Proof;
use crate::second_factors::{SecondFactor, Shown};
use crate::sessions::TokenPair;

/// The rest of a sign-in that a second factor was asked for in.
#[derive(Clone, Debug)]
pub struct FinishSignIn {
    /// The challenge.
    pub challenge: Secret,
    /// What answers it.
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
    /// Starts the session of a sign-in that needed a second factor. Challenge and factor are spent with it, and with nothing
    /// else: whoever mistypes tries again.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`] when the challenge is not good or the account has changed since;
    /// [`ApplicationError::InvalidSecondFactor`], [`ApplicationError::TooManyAttempts`],
    /// [`ApplicationError::AccountDisabled`], [`ApplicationError::EmailNotVerified`], [`ApplicationError::Unavailable`].
    pub async fn by_second_factor(&self, finish: FinishSignIn) -> Result<TokenPair, ApplicationError> {
        let result = self.finish(finish).await;
        if let Some(outcome) = SignInOutcome::without_event(&result) {
            self.journal.counters.sign_in(outcome);
        }
        result
    }

    async fn finish(&self, finish: FinishSignIn) -> Result<TokenPair, ApplicationError> {
        let FinishSignIn { challenge, factor, device } = finish;
        let challenged = self.find_challenged(challenge).await?;
        let user_id = challenged.user.id;
        let shown = self.second_factors.accept(user_id, &factor).await;
        let pair = self.start_challenged(challenged, shown, device).await?;
        self.second_factors.was_right(user_id).await?;
        Ok(pair)
    }

    /// Who got this challenge, while it is good.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`], [`ApplicationError::Unavailable`].
    pub(super) async fn find_challenged(&self, challenge: Secret) -> Result<Challenged, ApplicationError> {
        let challenge = self.one_time_tokens.prove(Purpose::SecondFactor, &Proof::Token(challenge)).await?;
        let (user_id, methods) =
            challenge.user_id.zip(challenge.proven).ok_or(ApplicationError::InvalidOneTimeToken)?;
        let found = self.passwords.find_with_user(&UserIdentifier::Id(user_id)).await?;
        // What was proven of an account that has changed since is worth nothing.
        let found = found.filter(|(user, _)| challenge.epoch == Some(user.epoch));
        let (user, _) = found.ok_or(ApplicationError::InvalidOneTimeToken)?;
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
        let shown = match shown {
            Err(ApplicationError::InvalidSecondFactor) => return Err(self.wrong_second_factor(&user, &device).await),
            shown => shown?,
        };
        let methods = methods.and(shown.method());
        let proven = Proven { user, methods, rehashed: None, second: Some((challenge, shown)) };
        match self.start_session(&proven, device.clone()).await {
            // Spent by another at this very moment, or a recovery code that is none.
            Err(ApplicationError::InvalidSecondFactor) => Err(self.wrong_second_factor(&proven.user, &device).await),
            pair => pair?.ok_or(ApplicationError::InvalidOneTimeToken),
        }
    }

    async fn wrong_second_factor(&self, user: &User, device: &Device) -> ApplicationError {
        let what = What::SecondFactorWrong { user: user.id };
        self.refused(what, device.address(), ApplicationError::InvalidSecondFactor).await
    }
}
