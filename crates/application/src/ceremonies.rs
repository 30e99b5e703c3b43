use std::sync::Arc;

use domain::passkeys::{
    Asserted, AssertionResponse, Ceremony, CeremonyFault, CeremonyId, CeremonyPurpose, CeremonyRepository,
    CeremonyState, Passkey, PasskeyRepository, PasskeyUse, StartedCeremony, UserVerification, WebAuthn,
};
use domain::{Clock, Ids, Timestamp};

use crate::ApplicationError;

/// The ceremonies of passkeys. It is a part of the services that begin one.
#[derive(Clone)]
pub struct Ceremonies {
    /// Passkeys, outside a unit of work.
    pub passkeys: Arc<dyn PasskeyRepository>,
    /// Ceremonies, always outside of one: a challenge is taken whatever becomes of what it is taken for.
    pub ceremonies: Arc<dyn CeremonyRepository>,
    /// Checks what browsers send. `None` where there are no passkeys.
    pub web_authn: Option<Arc<dyn WebAuthn>>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// What a browser is asked, and how the response is sent.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Comes back with the response, once.
    pub ceremony: CeremonyId,
    /// The options of WebAuthn, as JSON.
    pub options: String,
    /// They are good until then.
    pub expires_at: Timestamp,
}

/// A response to a challenge, as a browser sent it.
#[derive(Clone, Debug)]
pub struct PresentedPasskey {
    /// The ceremony that it responds to.
    pub ceremony: CeremonyId,
    /// What the browser returned.
    pub response: AssertionResponse,
}

impl Ceremonies {
    /// Whether there are passkeys here.
    pub(crate) fn are_on(&self) -> bool {
        self.web_authn.is_some()
    }

    /// Checks what browsers send.
    ///
    /// # Errors
    /// [`ApplicationError::PasskeysOff`].
    pub(crate) fn web_authn(&self) -> Result<&dyn WebAuthn, ApplicationError> {
        self.web_authn.as_deref().ok_or(ApplicationError::PasskeysOff)
    }

    /// Asks for a proof by any of the `allowed` passkeys, or by any at all if there are none.
    ///
    /// # Errors
    /// [`ApplicationError::PasskeysOff`], [`ApplicationError::Unavailable`].
    pub(crate) async fn ask(
        &self,
        purpose: CeremonyPurpose,
        verification: UserVerification,
        allowed: &[Passkey],
    ) -> Result<Asked, ApplicationError> {
        let started = self.web_authn()?.start_authentication(verification, allowed);
        self.begin(purpose, started.map_err(ApplicationError::Internal)?).await
    }

    /// Keeps a ceremony until it is taken.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn begin(
        &self,
        purpose: CeremonyPurpose,
        started: StartedCeremony,
    ) -> Result<Asked, ApplicationError> {
        let id = CeremonyId::new(self.ids.v4());
        let (ceremony, options) = Ceremony::begin(id, purpose, started, self.clock.now());
        self.ceremonies.insert(&ceremony).await?;
        Ok(Asked { ceremony: id, options, expires_at: ceremony.expires_at })
    }

    /// Takes a ceremony of this purpose, whatever comes of it.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidCeremony`], whatever is wrong with it; [`ApplicationError::Unavailable`].
    pub(crate) async fn take(
        &self,
        id: CeremonyId,
        is_it: impl FnOnce(&CeremonyPurpose) -> bool + Send,
    ) -> Result<Ceremony, ApplicationError> {
        let taken = self.ceremonies.take(id, self.clock.now()).await?;
        taken.filter(|ceremony| is_it(&ceremony.purpose)).ok_or(ApplicationError::InvalidCeremony)
    }

    /// Accepts a proof for this purpose by a passkey of its user, if it has one. Record the use in the unit of work.
    ///
    /// # Errors
    /// [`ApplicationError::PasskeysOff`], [`ApplicationError::InvalidCeremony`], [`ApplicationError::InvalidPasskey`],
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn accept(
        &self,
        is_it: impl FnOnce(&CeremonyPurpose) -> bool + Send,
        presented: &PresentedPasskey,
    ) -> Result<(Passkey, Asserted), ApplicationError> {
        self.web_authn()?;
        let ceremony = self.take(presented.ceremony, is_it).await?;
        let owner = ceremony.purpose.user();
        const INVALID: ApplicationError = ApplicationError::InvalidPasskey { suspected: None };
        let response = &presented.response;
        let found = self.passkeys.find_by_credential(&response.credential_id).await?;
        let passkey = found.filter(|passkey| owner.is_none_or(|owner| passkey.user_id == owner)).ok_or(INVALID)?;
        // Whose it claims to be must agree with the row, and must be said where nobody was named (Web Authentication
        // Level 3, section 7.2, step 6).
        let is_theirs = match &response.user_handle {
            Some(handle) => handle.as_slice() == passkey.user_id.as_bytes(),
            None => owner.is_some(),
        };
        if !is_theirs {
            return Err(INVALID);
        }
        let asserted = self.check(&ceremony.state, &passkey, response)?;
        Ok((passkey, asserted))
    }

    fn check(
        &self,
        state: &CeremonyState,
        passkey: &Passkey,
        response: &AssertionResponse,
    ) -> Result<Asserted, ApplicationError> {
        self.web_authn()?.finish_authentication(state, passkey, response).map_err(|fault| match fault {
            CeremonyFault::OtherChallenge => ApplicationError::InvalidCeremony,
            CeremonyFault::Suspicious => ApplicationError::InvalidPasskey { suspected: Some(passkey.user_id) },
            CeremonyFault::NotVerified | CeremonyFault::Invalid(_) => {
                ApplicationError::InvalidPasskey { suspected: None }
            }
        })
    }

    /// The use to be recorded of a passkey that was just accepted.
    pub(crate) fn used(&self, asserted: Asserted) -> PasskeyUse {
        let Asserted { sign_count, is_backup_eligible, is_backed_up, is_user_verified } = asserted;
        PasskeyUse { sign_count, is_backup_eligible, is_backed_up, is_user_verified, at: self.clock.now() }
    }
}
