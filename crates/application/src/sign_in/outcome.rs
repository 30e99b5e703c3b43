//! What is told of sign-ins: each counts once, and refusals are recorded.

use std::net::IpAddr;

use domain::events::{By, What};

use super::SignIn;
use crate::ApplicationError;
use crate::events::SignInOutcome;
use crate::sessions::TokenPair;

impl SignIn {
    /// Counts a sign-in that no event tells of, and returns it.
    pub(super) fn counted(&self, result: Result<TokenPair, ApplicationError>) -> Result<TokenPair, ApplicationError> {
        if let Some(outcome) = SignInOutcome::without_event(&result) {
            self.journal.counters.sign_in(outcome);
        }
        result
    }

    /// Records that the token of a sign-in was not good, if that is its result, and returns it.
    pub(super) async fn record_invalid_token(
        &self,
        result: Result<TokenPair, ApplicationError>,
        address: Option<IpAddr>,
    ) -> Result<TokenPair, ApplicationError> {
        match result {
            Err(error @ (ApplicationError::InvalidOneTimeToken | ApplicationError::InvalidProviderCode)) => {
                Err(self.refused(What::LoginFailed { user: None }, address, error).await)
            }
            result => result,
        }
    }

    /// Records a refusal, the same for a name that is known and one that is not, and returns it.
    pub(super) async fn refused(
        &self,
        what: What,
        address: Option<IpAddr>,
        error: ApplicationError,
    ) -> ApplicationError {
        let event = By::Anyone.did(what).from_address(address);
        if !self.journal.record_refusal(&self.units, &self.hashing, event).await {
            self.journal.counters.sign_in(SignInOutcome::Failed);
        }
        error
    }
}
