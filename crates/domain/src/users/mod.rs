//! Users: their accounts, and who they are.

mod email;
mod identifier;
mod list;
mod profile;
mod repository;
mod search_text;
mod user;

pub use email::Email;
pub use identifier::UserIdentifier;
pub use list::{Direction, SortKey, UserFilter, UserPosition, UserQuery, UserSort, UserSortField};
pub use profile::*;
pub use repository::UserRepository;
pub use search_text::{SearchText, search_key};
pub use user::{Epoch, Role, User};

#[cfg(feature = "mocks")]
pub use repository::MockUserRepository;

use crate::Id;

/// Names a user. UUID version 7, so that ids sort by creation.
pub type UserId = Id<User>;
