use super::{IdentityId, ProviderAccount, ProviderName};
use crate::Timestamp;
use crate::users::{Email, UserId};

/// An account at a provider by which a user signs in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Never changes.
    pub id: IdentityId,
    /// Whose it is.
    pub user_id: UserId,
    /// The provider, as it was called in the configuration then.
    pub provider: ProviderName,
    /// The account there. It belongs to one user.
    pub account: ProviderAccount,
    /// The address that the provider told then. People know their accounts by it; nobody is found by it.
    pub email: Option<Email>,
    /// When it was linked.
    pub created_at: Timestamp,
}

/// What it takes to link one.
#[derive(Clone, Debug)]
pub struct NewIdentity {
    /// A fresh id.
    pub id: IdentityId,
    /// Whose it is to be.
    pub user_id: UserId,
    /// The provider.
    pub provider: ProviderName,
    /// The account there.
    pub account: ProviderAccount,
    /// The address that the provider tells.
    pub email: Option<Email>,
}

impl Identity {
    /// Most that a user has.
    pub const MAX_PER_USER: usize = 20;

    /// Links one.
    pub fn link(new: NewIdentity, now: Timestamp) -> Self {
        let NewIdentity { id, user_id, provider, account, email } = new;
        Self { id, user_id, provider, account, email, created_at: now }
    }
}
