use async_trait::async_trait;

use crate::StoreError;
use crate::Timestamp;
use crate::users::{Email, Epoch, User, UserFilter, UserId, UserQuery};

/// Keeps users. Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`]. Of a stored user
/// that is not valid, a role that is unknown MUST be read as [`Role::User`](crate::users::Role), and an epoch that
/// cannot be one, or one above [`Epoch::LAST`], as [`Epoch::UNREADABLE`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// Adds a user. The stored user MUST equal this one in every field when read back.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] of `email` when another user has the email, in whatever case, and of `username` when
    /// another has the username.
    async fn insert(&self, user: &User) -> Result<(), StoreError>;

    /// The user with this id.
    async fn find_by_id(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this id, who MUST NOT change until the unit of work ends. Outside one it locks nothing.
    async fn find_by_id_for_update(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this email, in whatever case.
    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError>;

    /// Returns the ids of all active admins. Others MUST NOT change or delete any of them, nor the account `and`, until
    /// the unit of work ends. Two units that call this at the same time MUST NOT both see the same admin remain and
    /// remove the other. Units that lock accounts only by this, once each and before anything else, MUST NOT wait for
    /// each other in a circle.
    async fn lock_active_admins(&self, and: Option<UserId>) -> Result<Vec<UserId>, StoreError>;

    /// Whether there is an active admin, or a user who may be one for all that can be told: their role or whether they
    /// are active cannot be read. MUST count a row that cannot be read at all.
    async fn may_have_active_admin(&self) -> Result<bool, StoreError>;

    /// Gives every field of the stored user with this id this value. MUST leave alone what is stored of a field that
    /// has the value already: where it cannot be read, nothing is lost. To keep a change by somebody else, read the
    /// user by [`UserRepository::find_by_id_for_update`] in the same unit of work first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none, [`StoreError::Duplicate`] as for `insert`.
    async fn update(&self, user: &User) -> Result<(), StoreError>;

    /// Notes a sign-in: sets `last_login`. MUST do so only while the user is active and at `epoch`, and MUST return
    /// whether it did: a change of password or role, or a disabling, that came in between wins. MUST keep the user from
    /// such changes until the unit of work ends.
    async fn record_login(&self, id: UserId, epoch: Epoch, at: Timestamp) -> Result<bool, StoreError>;

    /// Removes a user, their password and all of their sessions. Returns whether there was one.
    async fn delete(&self, id: UserId) -> Result<bool, StoreError>;

    /// One page of users. The order MUST be the same on every database: text is compared byte by byte, and users who
    /// never signed in come before all others. `q` MUST be taken literally, whatever characters it holds.
    async fn list(&self, query: &UserQuery) -> Result<Vec<User>, StoreError>;

    /// How many users fit.
    async fn count(&self, filter: &UserFilter) -> Result<u64, StoreError>;
}
