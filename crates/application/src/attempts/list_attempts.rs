use domain::Timestamp;
use domain::attempts::Counted;
use domain::users::{User, UserId};

use super::AttemptCounts;
use crate::{Actor, ApplicationError, Target};

/// Most counts that are listed: those last used.
pub const MAX_ATTEMPTS_LISTED: u64 = 100;

/// What is counted of an account, from one network or from everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedAttempts {
    /// The count.
    pub counted: Counted,
    /// When the next attempt is taken, if one has to wait.
    pub wait_until: Option<Timestamp>,
}

impl AttemptCounts {
    /// What is counted of an account, last used first, [`MAX_ATTEMPTS_LISTED`] at most. For admins.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::Unavailable`].
    pub async fn list(&self, actor: &Actor, user: UserId) -> Result<Vec<CountedAttempts>, ApplicationError> {
        let target = Target::User(user);
        target.authorize(actor)?;
        let user = self.users.find_by_id(user).await?.ok_or(target.missing())?;
        self.of(&user, MAX_ATTEMPTS_LISTED).await
    }

    /// The same of this account, `limit` at most.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn of(&self, user: &User, limit: u64) -> Result<Vec<CountedAttempts>, ApplicationError> {
        let others = self.keys_by_address(&user.email);
        let counted = self.attempts.attempts.list(user.id, &others, limit).await?;
        let now = self.attempts.clock.now();
        let listed = |counted: Counted| {
            let wait_until = Some(counted.count.free_at).filter(|free_at| *free_at > now);
            CountedAttempts { counted, wait_until }
        };
        Ok(counted.into_iter().map(listed).collect())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::attempts::{AttemptCount, Attempted};
    use domain::one_time_tokens::Purpose;
    use domain::users::MockUserRepository;

    use super::*;
    use crate::attempts::testing::{Mocks, counts};
    use crate::testing::{a_user, an_actor, an_admin, now, user_id};

    fn counted(free_at: Timestamp) -> Counted {
        let count = AttemptCount { count: 3, last_at: now(), free_at };
        Counted { attempted: Attempted::Password, network: None, count }
    }

    #[tokio::test]
    async fn an_admin_sees_what_is_counted_and_until_when_one_has_to_wait() {
        let mut mocks = Mocks::default();
        let later = now() + TimeDelta::seconds(4);
        mocks
            .attempts
            .expect_list()
            // Mails and codes of each purpose, and all mails together.
            .withf(|user, others, limit| {
                (*user, others.len(), *limit) == (user_id(), 2 * Purpose::ALL.len() + 1, MAX_ATTEMPTS_LISTED)
            })
            .times(1)
            .returning(move |_, _, _| Ok(vec![counted(now()), counted(later)]));
        let mut users = MockUserRepository::new();
        users.expect_find_by_id().times(1).returning(|_| Ok(Some(a_user())));
        let listed = counts(mocks, users).list(&an_admin(), user_id()).await.unwrap();
        assert_eq!(listed.iter().map(|listed| listed.wait_until).collect::<Vec<_>>(), [None, Some(later)]);
    }

    #[tokio::test]
    async fn nobody_else_does_and_an_account_that_is_not_there_is_not_found() {
        let result = counts(Mocks::default(), MockUserRepository::new()).list(&an_actor(), user_id()).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
        let mut users = MockUserRepository::new();
        users.expect_find_by_id().returning(|_| Ok(None));
        let result = counts(Mocks::default(), users).list(&an_admin(), user_id()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }
}
