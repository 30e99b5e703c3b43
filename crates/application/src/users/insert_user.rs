use domain::passwords::PasswordHash;
use domain::units::AccountUnit;
use domain::users::User;

use super::Users;
use crate::ApplicationError;

/// A new account on its way to the database, with its password hashed, if it has one.
pub(super) struct NewAccount {
    pub(super) user: User,
    pub(super) hash: Option<PasswordHash>,
}

/// On whose word an account is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MadeBy {
    /// An admin's or the operator's.
    Admin,
    /// That of whoever registers.
    Owner,
}

impl Users {
    /// Adds the user and their password. Every account is added here, so that the mode of registration holds for all
    /// ways to one. The unique index decides between two at the same time.
    ///
    /// # Errors
    /// [`ApplicationError::RegistrationClosed`], [`ApplicationError::Duplicate`], [`ApplicationError::Unavailable`].
    pub(super) async fn insert(
        &self,
        unit: &dyn AccountUnit,
        new: &NewAccount,
        by: MadeBy,
    ) -> Result<(), ApplicationError> {
        let NewAccount { user, hash } = new;
        if by == MadeBy::Owner && !self.registration.admits(user.email_verified) {
            return Err(ApplicationError::RegistrationClosed);
        }
        unit.users().insert(user).await?;
        if let Some(hash) = hash {
            unit.passwords().store(user.id, hash, user.created_at).await?;
        }
        Ok(())
    }
}
