use domain::users::User;

use super::Users;
use crate::{Actor, ApplicationError, Target};

impl Users {
    /// Reads an account.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::Unavailable`].
    pub async fn get(&self, actor: &Actor, target: Target) -> Result<User, ApplicationError> {
        let id = target.authorize(actor)?;
        self.users.find_by_id(id).await?.ok_or(target.missing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{a_user, an_actor, an_admin, user_id};
    use crate::users::testing::Mocks;

    #[tokio::test]
    async fn users_read_themselves_and_admins_everybody() {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_id().returning(|_| Ok(Some(a_user())));
        let users = mocks.build();
        assert_eq!(users.get(&an_actor(), Target::Me).await.unwrap(), a_user());
        assert_eq!(users.get(&an_admin(), Target::User(user_id())).await.unwrap(), a_user());
        let result = users.get(&an_actor(), Target::User(user_id())).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }
}
