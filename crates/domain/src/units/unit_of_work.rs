use async_trait::async_trait;

use crate::RepositoryError;
use crate::keys::SigningKeyRepository;
use crate::passwords::PasswordRepository;
use crate::sessions::{RefreshTokenRepository, RevocationRepository};
use crate::tasks::TaskRepository;
use crate::users::UserRepository;

/// Starts units of work.
#[async_trait]
pub trait UnitOfWorkFactory: Send + Sync {
    /// Starts one. Between this and `commit` a caller awaits repositories of the unit only: never hashing, mail or
    /// HTTP, since it holds a connection and perhaps locks.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] when no connection is free in time.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError>;
}

/// Several writes that happen together or not at all.
///
/// Others MUST see none of its writes before `commit` returned, and all of them after. Dropping it without `commit`
/// MUST undo them. Rows that it read `for_update` or wrote MUST be left alone by other units until it ends.
///
/// What it reads behind a row that it locked MUST NOT be older than that lock: whatever was committed while it waited is
/// seen.
///
/// To keep units from waiting for each other in a circle, lock users before their passwords and refresh tokens.
#[async_trait]
pub trait UnitOfWork: Send + Sync {
    /// The users, inside this unit.
    fn users(&self) -> &dyn UserRepository;

    /// The passwords, inside this unit.
    fn passwords(&self) -> &dyn PasswordRepository;

    /// The refresh tokens, inside this unit.
    fn refresh_tokens(&self) -> &dyn RefreshTokenRepository;

    /// What was revoked, inside this unit.
    fn revocations(&self) -> &dyn RevocationRepository;

    /// The signing keys, inside this unit.
    fn signing_keys(&self) -> &dyn SigningKeyRepository;

    /// The tasks, inside this unit.
    fn tasks(&self) -> &dyn TaskRepository;

    /// Takes the turn to clean up, until this unit ends. Answers whether it did. Two units, of whatever nodes, MUST NOT
    /// have it at once, and it MUST NOT wait for one that has. A unit that is lost with its node MUST lose it.
    async fn try_lock_cleanup(&self) -> Result<bool, RepositoryError>;

    /// Makes the writes last. When this returns `Ok` they MUST survive a crash of the service or the database.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`]: whether the writes last is unknown. [`RepositoryError::Internal`] after the
    /// database refused a statement of the unit: then it MUST NOT succeed, and nothing lasts.
    async fn commit(self: Box<Self>) -> Result<(), RepositoryError>;
}
