use domain::sessions::{Device, Method};
use domain::users::User;

use super::SignIn;
use super::start_session::Proven;
use crate::ApplicationError;
use crate::sessions::TokenPair;

impl SignIn {
    /// Starts a session of the user whom an identity provider vouches for, or records why nobody was found.
    ///
    /// # Errors
    /// Why nobody was found; [`ApplicationError::SecondFactorRequired`], [`ApplicationError::AccountDisabled`],
    /// [`ApplicationError::EmailNotVerified`], [`ApplicationError::Unavailable`].
    pub(crate) async fn by_provider(
        &self,
        found: Result<User, ApplicationError>,
        device: Device,
    ) -> Result<TokenPair, ApplicationError> {
        let address = device.address();
        let result = match found {
            Ok(user) => self.start_session(&Proven::by(Method::Provider, user), device).await,
            Err(refusal) => Err(refusal),
        };
        // The account may change at this very moment: then the proof was worth nothing any more.
        let result = result.and_then(|pair| pair.ok_or(ApplicationError::InvalidProviderCode));
        self.counted(self.record_invalid_token(result, address).await)
    }
}
