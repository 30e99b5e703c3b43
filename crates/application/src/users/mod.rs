mod create_admin;
mod create_user;
mod cursor;
mod delete_user;
mod get_user;
mod list_users;
mod update_user;

pub use create_admin::AdminAccount;
pub use create_user::CreateUser;
pub use list_users::{ListUsers, Paging, UserPage};
pub use update_user::UserChange;

use domain::users::UserId;

use crate::ApplicationError;

/// The rule that one active admin must remain. `admins` are all active admins, locked in this unit of work.
fn keep_an_admin(admins: &[UserId], leaving: UserId) -> Result<(), ApplicationError> {
    if admins == [leaving] { Err(ApplicationError::LastAdmin) } else { Ok(()) }
}
