use std::net::IpAddr;

use domain::events::{By, What};
use domain::identities::{Identity, IdentityId, NewIdentity};
use domain::mail::Letter;
use domain::providers::{ProvenIdentity, ProviderFlow};
use domain::units::AccountUnit;
use domain::users::{Email, User, UserId};

use super::Providers;
use crate::ApplicationError;
use crate::second_factors::kinds_of;
use crate::sign_in::reclaim;

impl Providers {
    /// Finds whose the account at the provider is: by its issuer and subject, and where these are not linked yet, by
    /// its address, if both sides have proven that. If nobody has the address, an account is made.
    ///
    /// # Errors
    /// [`ApplicationError::LinkRequired`], [`ApplicationError::EmailMissing`],
    /// [`ApplicationError::RegistrationClosed`], [`ApplicationError::EmailNotVerified`],
    /// [`ApplicationError::TooManyFactors`], [`ApplicationError::Unavailable`].
    pub(super) async fn find_user(
        &self,
        flow: &ProviderFlow,
        proven: &ProvenIdentity,
        address: Option<IpAddr>,
    ) -> Result<User, ApplicationError> {
        if let Some(user) = self.linked(proven).await? {
            return Ok(user);
        }
        match self.join(flow, proven, address).await {
            // Another sign-in by the same account, or somebody who has registered at this very moment, was faster.
            Err(ApplicationError::Duplicate(_)) => match self.linked(proven).await? {
                Some(user) => Ok(user),
                None => Err(ApplicationError::LinkRequired),
            },
            joined => joined,
        }
    }

    async fn linked(&self, proven: &ProvenIdentity) -> Result<Option<User>, ApplicationError> {
        let Some(identity) = self.identities.find(&proven.account).await? else { return Ok(None) };
        let user = self.users.users.find_by_id(identity.user_id).await?;
        // Asked once more: if it was unlinked before the user was read, their epoch does not tell. If it is unlinked
        // later, it does, and no session starts.
        let is_still_linked = self.identities.find(&proven.account).await?.as_ref() == Some(&identity);
        Ok(user.filter(|_| is_still_linked))
    }

    async fn join(
        &self,
        flow: &ProviderFlow,
        proven: &ProvenIdentity,
        address: Option<IpAddr>,
    ) -> Result<User, ApplicationError> {
        let email = proven.email.as_ref().ok_or(ApplicationError::EmailMissing)?;
        let registration = self.users.registration;
        if !proven.email_verified && !registration.admits(false) {
            // Before anybody is looked for: it is not told whether somebody has the address.
            let is_closed = !registration.needs_proof();
            return Err(if is_closed {
                ApplicationError::RegistrationClosed
            } else {
                ApplicationError::EmailNotVerified
            });
        }
        let unit = self.sign_in.units.begin().await?;
        let known = match unit.users().find_by_email(email).await? {
            Some(found) => unit.users().find_by_id_for_update(found.id).await?.filter(|user| user.email == *email),
            None => None,
        };
        match known {
            Some(_) if !proven.email_verified => Err(ApplicationError::LinkRequired),
            // It is refused by the gate, and stays as it is.
            Some(user) if !user.is_active => Ok(user),
            Some(user) => self.join_account(unit, user, flow, proven, address).await,
            None => self.make_account(unit, email, flow, proven, address).await,
        }
    }

    /// Links an account that has the address, unless it has a second factor. If nobody had proven the address, somebody
    /// else may have made the account, and loses it.
    async fn join_account(
        &self,
        unit: Box<dyn AccountUnit>,
        mut user: User,
        flow: &ProviderFlow,
        proven: &ProvenIdentity,
        address: Option<IpAddr>,
    ) -> Result<User, ApplicationError> {
        let by_anyone = |what| By::Anyone.did(what).from_address(address);
        if user.email_verified {
            // A link changes how somebody gets in, which takes the strongest factor that there is. None was shown yet.
            if !kinds_of(unit.factors(), unit.passkeys(), user.id).await?.is_empty() {
                return Err(ApplicationError::LinkRequired);
            }
            self.link(unit.as_ref(), &user, flow, proven).await?;
            let event = by_anyone(What::IdentityLinked { user: user.id });
            self.sign_in.journal.commit(unit, event).await?;
            return Ok(user);
        }
        let void = reclaim(unit.as_ref(), &mut user, self.sign_in.clock.now()).await?;
        self.link(unit.as_ref(), &user, flow, proven).await?;
        let event = by_anyone(What::UserReclaimed { user: user.id });
        self.sign_in.journal.commit_revoking(unit, event, &[void]).await?;
        Ok(user)
    }

    async fn make_account(
        &self,
        unit: Box<dyn AccountUnit>,
        email: &Email,
        flow: &ProviderFlow,
        proven: &ProvenIdentity,
        address: Option<IpAddr>,
    ) -> Result<User, ApplicationError> {
        let user = self.users.insert_for_identity(unit.as_ref(), email.clone(), proven.email_verified).await?;
        unit.identities().insert(&self.identity(user.id, flow, proven)).await?;
        let what = What::UserCreated { user: user.id, role: user.role };
        self.sign_in.journal.commit(unit, By::Anyone.did(what).from_address(address)).await?;
        Ok(user)
    }

    /// Links an account to one that is there already, whose owner is told by mail. The user is locked.
    pub(super) async fn link(
        &self,
        unit: &dyn AccountUnit,
        user: &User,
        flow: &ProviderFlow,
        proven: &ProvenIdentity,
    ) -> Result<Identity, ApplicationError> {
        if unit.identities().list(user.id).await?.len() >= Identity::MAX_PER_USER {
            return Err(ApplicationError::TooManyFactors);
        }
        let identity = self.identity(user.id, flow, proven);
        unit.identities().insert(&identity).await?;
        let letter = Letter::IdentityLinked { provider: Some(self.title(&identity.provider)) };
        self.sign_in.one_time_tokens.notify(unit, user, letter).await?;
        Ok(identity)
    }

    fn identity(&self, user_id: UserId, flow: &ProviderFlow, proven: &ProvenIdentity) -> Identity {
        let now = self.sign_in.clock.now();
        let new = NewIdentity {
            id: IdentityId::new(self.sign_in.ids.v7(now)),
            user_id,
            provider: flow.provider.clone(),
            account: proven.account.clone(),
            email: proven.email.clone(),
        };
        Identity::link(new, now)
    }
}
