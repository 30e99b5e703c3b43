use domain::sessions::Device;

use super::{Providers, RedeemCode};
use crate::ApplicationError;
use crate::sessions::TokenPair;

impl Providers {
    /// Starts a session of whoever has proven at a provider who they are. If they have no account, one is made, where
    /// the mode of registration lets it. A second factor of theirs is asked for as after a password, whatever they have
    /// shown to the provider.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidProviderCode`], whatever is wrong with the code;
    /// [`ApplicationError::LinkRequired`], [`ApplicationError::EmailMissing`],
    /// [`ApplicationError::RegistrationClosed`], [`ApplicationError::TooManyFactors`],
    /// [`ApplicationError::SecondFactorRequired`],
    /// [`ApplicationError::AccountDisabled`], [`ApplicationError::EmailNotVerified`],
    /// [`ApplicationError::Unavailable`].
    pub async fn sign_in(&self, redeem: RedeemCode, device: Device) -> Result<TokenPair, ApplicationError> {
        let found = match self.redeem(&redeem, None).await {
            Ok((flow, proven)) => self.find_user(&flow, &proven, device.address()).await,
            Err(refusal) => Err(refusal),
        };
        self.sign_in.by_provider(found, device).await
    }
}
