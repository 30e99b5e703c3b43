use async_trait::async_trait;

use crate::StoreError;
use crate::tasks::{Task, TaskId, TaskQuery, TaskStatus};
use crate::users::UserId;

/// Keeps tasks. Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`]. When a user is
/// deleted, their tasks MUST be gone with them.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TaskRepository: Send + Sync {
    /// Adds a task. The stored one MUST equal this one in every field when read back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when its owner is gone.
    async fn insert(&self, task: &Task) -> Result<(), StoreError>;

    /// The task with this id.
    async fn find_by_id(&self, id: TaskId) -> Result<Option<Task>, StoreError>;

    /// The task with this id, which MUST NOT change until the unit of work ends. Outside one it locks nothing.
    async fn find_by_id_for_update(&self, id: TaskId) -> Result<Option<Task>, StoreError>;

    /// Replaces every field of the stored task with this id, and MUST leave all others alone. To keep a change by
    /// somebody else, read it by [`TaskRepository::find_by_id_for_update`] in the same unit of work first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    async fn update(&self, task: &Task) -> Result<(), StoreError>;

    /// Removes a task, and MUST leave all others alone. Returns whether there was one.
    async fn delete(&self, id: TaskId) -> Result<bool, StoreError>;

    /// One page of a user's tasks, oldest first. It MUST hold only tasks of that owner, of that status, and after that
    /// position, and the first of these in that order. Tasks of the same moment MUST be in the order of their ids, byte
    /// by byte. The cost SHOULD NOT grow with how far behind the first page the position is.
    async fn list(&self, query: &TaskQuery) -> Result<Vec<Task>, StoreError>;

    /// How many tasks of that owner, and of that status, there are.
    async fn count(&self, owner: UserId, status: Option<TaskStatus>) -> Result<u64, StoreError>;
}
