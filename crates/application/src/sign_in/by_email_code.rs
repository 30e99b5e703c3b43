use std::net::IpAddr;

use domain::Secret;
use domain::events::{By, What};
use domain::factors::FactorKind;
use domain::one_time_tokens::{MailedCode, Purpose};
use domain::sessions::Device;
use domain::users::Locale;

use super::SignIn;
use super::by_second_factor::Challenged;
use super::start_session::Proven;
use crate::ApplicationError;
use crate::one_time_tokens::Proof;
use crate::second_factors::Shown;
use crate::sessions::TokenPair;

impl SignIn {
    /// Mails a code to whoever got this challenge because a second factor is due that they have not set up. An earlier
    /// code is void. It says the same when there were too many mails.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidChallenge`] when the challenge is not good;
    /// [`ApplicationError::EmailCodeNotOffered`] when it did not offer a code by mail, or does so no more;
    /// [`ApplicationError::Unavailable`].
    pub async fn send_email_code(
        &self,
        challenge: Secret,
        locale: Locale,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        let Challenged { user, .. } = self.find_offered_email_code(challenge).await?;
        if !self.one_time_tokens.may_send(Purpose::EmailCode, &user.email).await? {
            return Ok(());
        }
        let locale = user.profile.locale_or(locale);
        let unit = self.units.begin().await?;
        self.one_time_tokens.send(unit.as_ref(), Purpose::EmailCode, Some(user.id), &user.email, locale).await?;
        let event = By::Anyone.did(What::EmailCodeSent { user: user.id }).from_address(address);
        self.journal.commit(unit, event).await
    }

    /// Finds whoever got this challenge, while it is good and a code by mail is what it asks for.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidChallenge`], [`ApplicationError::EmailCodeNotOffered`],
    /// [`ApplicationError::Unavailable`].
    async fn find_offered_email_code(&self, challenge: Secret) -> Result<Challenged, ApplicationError> {
        let challenged = self.find_challenged(challenge).await?;
        let proven = Proven::by_methods(challenged.methods, challenged.user.clone());
        match self.what_is_missing(&proven).await? {
            Some(factors) if factors == [FactorKind::EmailCode] => Ok(challenged),
            _ => Err(ApplicationError::EmailCodeNotOffered),
        }
    }

    /// Starts the session of a sign-in that a mailed code is the rest of. Challenge and code are spent with it.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidChallenge`] when the challenge is not good or the account has changed since;
    /// [`ApplicationError::EmailCodeNotOffered`] when it did not offer a code by mail, or does so no more;
    /// [`ApplicationError::InvalidSecondFactor`], whatever is wrong with the code, and after too many;
    /// [`ApplicationError::SecondFactorRequired`] when another factor is asked for meanwhile;
    /// [`ApplicationError::AccountDisabled`], [`ApplicationError::EmailNotVerified`],
    /// [`ApplicationError::Unavailable`].
    pub async fn by_email_code(
        &self,
        challenge: Secret,
        code: MailedCode,
        device: Device,
    ) -> Result<TokenPair, ApplicationError> {
        self.counted(self.finish_by_email_code(challenge, code, device).await)
    }

    async fn finish_by_email_code(
        &self,
        challenge: Secret,
        code: MailedCode,
        device: Device,
    ) -> Result<TokenPair, ApplicationError> {
        let challenged = self.find_offered_email_code(challenge).await?;
        let proof = Proof::Code { email: challenged.user.email.clone(), code };
        let shown = match self.one_time_tokens.prove(Purpose::EmailCode, &proof).await {
            Ok(token) if token.user_id == Some(challenged.user.id) => Ok(Shown::EmailCode(Box::new(token))),
            Ok(_) | Err(ApplicationError::InvalidOneTimeToken) => Err(ApplicationError::InvalidSecondFactor),
            Err(fault) => Err(fault),
        };
        self.start_challenged(challenged, shown, device).await
    }
}
