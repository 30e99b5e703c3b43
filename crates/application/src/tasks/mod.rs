//! Tasks: an example of a resource that belongs to users.

mod create_task;
mod delete_task;
mod get_task;
mod list_tasks;
#[cfg(test)]
mod testing;
mod update_task;

use std::sync::Arc;

use domain::tasks::{Task, TaskRepository, TaskUnit};
use domain::units::Begin;
use domain::{Clock, Ids};

pub use create_task::CreateTask;
pub use list_tasks::ListTasks;
pub use update_task::TaskChange;

use crate::{Actor, ApplicationError};

/// The use cases of tasks.
#[derive(Clone)]
pub struct Tasks {
    /// Tasks, outside a unit of work.
    pub tasks: Arc<dyn TaskRepository>,
    /// Writes them.
    pub units: Arc<dyn Begin<dyn TaskUnit>>,
    /// Makes their ids.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Tasks {
    /// The use cases on this store.
    pub fn new<S>(store: Arc<S>, ids: Arc<dyn Ids>, clock: Arc<dyn Clock>) -> Self
    where
        S: TaskRepository + Begin<dyn TaskUnit> + 'static,
    {
        Self { tasks: store.clone(), units: store, ids, clock }
    }
}

/// The task, if it is the actor's own. An id tells nobody whether another's task exists, not even admins: they use the
/// list.
fn own(found: Option<Task>, actor: &Actor) -> Result<Task, ApplicationError> {
    found.filter(|task| task.owner == actor.user_id).ok_or(ApplicationError::NotFound)
}
