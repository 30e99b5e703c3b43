//! Identities: accounts at identity providers that are linked to accounts here.

mod identity;
mod provider_account;
mod provider_name;
mod repository;

pub use identity::{Identity, NewIdentity};
pub use provider_account::ProviderAccount;
pub use provider_name::ProviderName;
pub use repository::IdentityRepository;

#[cfg(feature = "mocks")]
pub use repository::MockIdentityRepository;

use crate::Id;

/// Names an identity.
pub type IdentityId = Id<Identity>;
