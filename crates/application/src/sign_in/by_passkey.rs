use std::net::IpAddr;

use domain::events::{By, What};
use domain::mail::Letter;
use domain::one_time_tokens::Purpose;
use domain::passkeys::{CeremonyPurpose, Passkey, UserVerification};
use domain::sessions::{Device, Method, Methods};
use domain::users::{UserId, UserIdentifier};
use domain::{Secret, StoreError};

use super::SignIn;
use super::start_session::Proven;
use crate::acting::begin_as;
use crate::ceremonies::{Asked, PresentedPasskey};
use crate::one_time_tokens::Proof;
use crate::sessions::TokenPair;
use crate::{Actor, ApplicationError};

/// A sign-in with a passkey.
#[derive(Clone, Debug)]
pub struct PasskeySignIn {
    /// The response to a challenge.
    pub presented: PresentedPasskey,
    /// What signs in.
    pub device: Device,
}

impl SignIn {
    /// Asks for a passkey to sign in with. The response is the same whoever is named, and if nobody is: our passkeys
    /// are found without a name, so that no list of them is given to anyone.
    ///
    /// # Errors
    /// [`ApplicationError::PasskeysOff`], [`ApplicationError::Unavailable`].
    pub async fn start_by_passkey(&self, identifier: Option<&str>) -> Result<Asked, ApplicationError> {
        let user = match identifier {
            Some(name) => Some(self.named(name).await?),
            None => None,
        };
        let purpose = CeremonyPurpose::SignIn { user };
        self.second_factors.ceremonies.ask(purpose, UserVerification::Required, &[]).await
    }

    /// Asks for a passkey to finish a sign-in with that needs a second factor.
    ///
    /// # Errors
    /// [`ApplicationError::PasskeysOff`]; [`ApplicationError::InvalidChallenge`] when the challenge is not good;
    /// [`ApplicationError::NoPasskey`] when the account has no passkey; [`ApplicationError::Unavailable`].
    pub async fn start_challenge_by_passkey(&self, challenge: Secret) -> Result<Asked, ApplicationError> {
        self.second_factors.ceremonies.web_authn()?;
        let challenge = self.one_time_tokens.prove(Purpose::SecondFactor, &Proof::Token(challenge)).await?;
        let user = challenge.user_id.ok_or(ApplicationError::InvalidChallenge)?;
        let passkeys = self.second_factors.ceremonies.passkeys.list(user).await?;
        self.ask_again(&passkeys, CeremonyPurpose::SecondFactor { user, challenge: challenge.id }).await
    }

    /// Asks for a passkey of the actor's to prove again who they are.
    ///
    /// # Errors
    /// [`ApplicationError::PasskeysOff`]; [`ApplicationError::NoPasskey`] when the actor has no passkey;
    /// [`ApplicationError::InvalidAccessToken`], [`ApplicationError::Unavailable`].
    pub async fn start_step_up_by_passkey(&self, actor: &Actor) -> Result<Asked, ApplicationError> {
        self.second_factors.ceremonies.web_authn()?;
        let (unit, user) = begin_as(self.units.as_ref(), actor, self.clock.as_ref()).await?;
        let passkeys = unit.passkeys().list(user.id).await?;
        drop(unit);
        self.ask_again(&passkeys, CeremonyPurpose::StepUp { user: user.id, session: actor.session }).await
    }

    async fn ask_again(&self, passkeys: &[Passkey], purpose: CeremonyPurpose) -> Result<Asked, ApplicationError> {
        if passkeys.is_empty() {
            return Err(ApplicationError::NoPasskey);
        }
        self.second_factors.ceremonies.ask(purpose, UserVerification::Preferred, passkeys).await
    }

    /// Starts a session of whoever holds a passkey, and was verified by its authenticator: that is two factors.
    ///
    /// # Errors
    /// [`ApplicationError::PasskeysOff`], [`ApplicationError::InvalidCeremony`];
    /// [`ApplicationError::InvalidPasskey`], whatever is wrong with it or its account;
    /// [`ApplicationError::EmailNotVerified`], [`ApplicationError::Unavailable`].
    pub async fn by_passkey(&self, sign_in: PasskeySignIn) -> Result<TokenPair, ApplicationError> {
        self.counted(self.prove_and_start_by_passkey(sign_in).await)
    }

    async fn prove_and_start_by_passkey(&self, sign_in: PasskeySignIn) -> Result<TokenPair, ApplicationError> {
        let PasskeySignIn { presented, device } = sign_in;
        let address = device.address();
        let is_sign_in = |it: &CeremonyPurpose| matches!(it, CeremonyPurpose::SignIn { .. });
        let (passkey, shown) = match self.second_factors.accept_passkey(is_sign_in, &presented).await {
            Ok(accepted) => accepted,
            Err(refusal) => return Err(self.refuse_passkey(None, address, refusal).await),
        };
        let owner = passkey.user_id;
        let found = self.passwords.find_with_user(&UserIdentifier::Id(owner)).await?;
        let Some((user, _)) = found else { return Err(ApplicationError::InvalidPasskey { suspected: None }) };
        let methods = shown.after(Methods::only(Method::Passkey));
        let proven = Proven { shown: Some(shown), ..Proven::by_methods(methods, user) };
        match self.start_session(&proven, device).await {
            Ok(Some(pair)) => Ok(pair),
            // The account may change at this very moment: then the passkey may be gone.
            Ok(None) => Err(ApplicationError::InvalidPasskey { suspected: None }),
            // It is recorded, and told to nobody.
            Err(ApplicationError::AccountDisabled) => Err(ApplicationError::InvalidPasskey { suspected: None }),
            Err(refusal) => Err(self.refuse_passkey(Some(owner), address, refusal).await),
        }
    }

    async fn refuse_passkey(
        &self,
        user: Option<UserId>,
        address: Option<IpAddr>,
        refusal: ApplicationError,
    ) -> ApplicationError {
        match refusal {
            ApplicationError::InvalidPasskey { suspected: None } | ApplicationError::InvalidCeremony => {
                self.refused(What::LoginFailed { user }, address, refusal).await
            }
            ApplicationError::InvalidPasskey { suspected: Some(user) } => self.warn_of_copy(user, address).await,
            refusal => refusal,
        }
    }

    /// Tells a user, and the operator, that there may be a copy of a passkey of theirs, and returns the refusal, which
    /// says nothing of it.
    pub(super) async fn warn_of_copy(&self, user: UserId, address: Option<IpAddr>) -> ApplicationError {
        let warned = self.hashing.in_turn(self.record_copy(user, address)).await;
        warned.err().unwrap_or(ApplicationError::InvalidPasskey { suspected: Some(user) })
    }

    async fn record_copy(&self, user: UserId, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        let unit = self.units.begin().await?;
        if let Some(user) = unit.users().find_by_id_for_update(user).await? {
            self.one_time_tokens.notify(unit.as_ref(), &user, Letter::PasskeySuspected).await?;
        }
        let event = By::Anyone.did(What::PasskeySuspected { user }).from_address(address);
        self.journal.commit(unit, event).await
    }

    /// The id of whoever has this name, or one that nobody has.
    async fn named(&self, name: &str) -> Result<UserId, StoreError> {
        let nobody = UserId::new(self.ids.v4());
        let Some(name) = UserIdentifier::typed(name) else { return Ok(nobody) };
        let found = self.passwords.find_with_user(&name).await?;
        Ok(found.map_or(nobody, |(user, _)| user.id))
    }
}
