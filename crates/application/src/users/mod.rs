//! Users: accounts, and who may make, see and change them.

mod create_admin;
mod create_user;
mod cursor;
mod delete_user;
mod finish_registration;
mod get_user;
mod insert_for_identity;
mod insert_user;
mod invite;
mod list_users;
mod mail_registrant_again;
mod register;
#[cfg(test)]
mod testing;
mod update_user;

use std::sync::Arc;

use domain::Ids;
use domain::registration::RegistrationMode;
use domain::users::{UserId, UserRepository};

pub use create_admin::AdminAccount;
pub use create_user::{CreateUser, Registered};
pub use invite::Invite;
pub use list_users::ListUsers;
pub use update_user::{UserChange, UserReadOnly};

use crate::ApplicationError;
use crate::passwords::Passwords;
use create_user::NewUser;

/// The use cases of accounts.
#[derive(Clone)]
pub struct Users {
    /// Users, outside a unit of work.
    pub users: Arc<dyn UserRepository>,
    /// Gives new accounts their passwords, asks for current ones, and has what writing an account takes.
    pub passwords: Passwords,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// Who gets an account without an admin.
    pub registration: RegistrationMode,
}

/// The rule that one active admin must remain. `admins` are all active admins, locked in this unit of work.
fn keep_an_admin(admins: &[UserId], leaving: UserId) -> Result<(), ApplicationError> {
    if admins == [leaving] { Err(ApplicationError::LastAdmin) } else { Ok(()) }
}
