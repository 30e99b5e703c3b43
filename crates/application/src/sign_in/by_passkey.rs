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
        const INVALID: ApplicationError = ApplicationError::InvalidPasskey { suspected: None };
        let PasskeySignIn { presented, device } = sign_in;
        let address = device.address();
        let is_sign_in = |it: &CeremonyPurpose| matches!(it, CeremonyPurpose::SignIn { .. });
        let (passkey, shown) = match self.second_factors.accept_passkey(is_sign_in, &presented).await {
            Ok(accepted) => accepted,
            Err(refusal) => return Err(self.refuse_passkey(None, address, refusal).await),
        };
        let owner = passkey.user_id;
        let methods = shown.after(Methods::only(Method::Passkey));
        let started = match self.passwords.find_with_user(&UserIdentifier::Id(owner)).await? {
            Some((user, _)) => {
                let proven = Proven { shown: Some(shown), ..Proven::by_methods(methods, user) };
                self.start_session(&proven, device).await
            }
            None => Ok(None),
        };
        match started {
            Ok(Some(pair)) => {
                self.second_factors.was_right(owner).await;
                Ok(pair)
            }
            // The account is gone, or has changed at this very moment.
            Ok(None) => Err(self.refuse_passkey(Some(owner), address, INVALID).await),
            // It is recorded, and told to nobody.
            Err(ApplicationError::AccountDisabled) => Err(INVALID),
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

#[cfg(test)]
mod tests {
    use domain::factors::FactorName;
    use domain::passkeys::{
        Asserted, AssertionResponse, Ceremony, CeremonyId, CeremonyState, CredentialId, MockWebAuthn, NewPasskey,
        PasskeyId, PasskeyPublicKey, RegisteredCredential, StartedCeremony,
    };
    use domain::units::MockAccountUnit;
    use domain::users::User;
    use uuid::Uuid;

    use super::*;
    use crate::ApplicationError;
    use crate::sign_in::testing::Mocks;
    use crate::testing::{a_user, now, user_id};

    const CEREMONY: CeremonyId = CeremonyId::new(Uuid::from_u128(5));

    fn a_credential_id() -> CredentialId {
        CredentialId::new(vec![1; 16]).unwrap()
    }

    fn a_passkey() -> Passkey {
        let credential = RegisteredCredential {
            id: a_credential_id(),
            public_key: PasskeyPublicKey::new(vec![1]),
            sign_count: 0,
            is_backup_eligible: false,
            is_backed_up: false,
            is_user_verified: true,
        };
        let (id, name) = (PasskeyId::new(Uuid::from_u128(6)), FactorName::parse("Phone").unwrap());
        Passkey::register(NewPasskey { id, user_id: user_id(), name, credential }, now())
    }

    fn presented() -> PasskeySignIn {
        let response = AssertionResponse {
            credential_id: a_credential_id(),
            client_data: Vec::new(),
            authenticator_data: Vec::new(),
            signature: Vec::new(),
            user_handle: Some(user_id().as_bytes().to_vec()),
        };
        PasskeySignIn { presented: PresentedPasskey { ceremony: CEREMONY, response }, device: Device::default() }
    }

    /// The response is right, and this is its account.
    fn accepting(user: Option<User>) -> Mocks {
        let mut mocks = Mocks::default();
        mocks.factors.ceremonies.expect_take().return_once(|id, _| {
            let started = StartedCeremony { options: String::new(), state: CeremonyState::new(Vec::new()) };
            Ok(Some(Ceremony::begin(id, CeremonyPurpose::SignIn { user: None }, started, now()).0))
        });
        mocks.factors.passkeys.expect_find_by_credential().return_once(|_| Ok(Some(a_passkey())));
        let mut web_authn = MockWebAuthn::new();
        web_authn.expect_finish_authentication().return_once(|_, _, _| {
            Ok(Asserted { sign_count: 0, is_backup_eligible: false, is_backed_up: false, is_user_verified: true })
        });
        mocks.factors.web_authn = Some(web_authn);
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(user.map(|user| (user, None))));
        mocks
    }

    #[tokio::test]
    async fn whoever_is_gone_or_changes_at_this_very_moment_is_refused_and_that_is_recorded() {
        for user in [None, Some(a_user())] {
            let mut changed = MockAccountUnit::default();
            changed.users.expect_record_login().returning(|_, _, _| Ok(false));
            let begun = user.is_some().then_some(changed);
            let mut mocks = accepting(user);
            mocks.units(begun.into_iter().chain([MockAccountUnit::default()]));
            let events = mocks.units.events();
            let result = mocks.build().by_passkey(presented()).await;
            assert!(matches!(result, Err(ApplicationError::InvalidPasskey { suspected: None })), "{result:?}");
            let events: Vec<_> = events.lock().unwrap().iter().map(|event| event.what).collect();
            assert_eq!(events, [What::LoginFailed { user: Some(user_id()) }]);
        }
    }
}
