mod create_task;
mod delete_task;
mod get_task;
mod list_tasks;
mod update_task;

pub use create_task::CreateTask;
pub use list_tasks::{ListTasks, TaskPage};
pub use update_task::TaskChange;

use domain::tasks::Task;

use crate::{Actor, ApplicationError};

/// The task, if it is the actor's own. By its id nobody learns whether another's exists, admins neither: they list.
fn own(found: Option<Task>, actor: &Actor) -> Result<Task, ApplicationError> {
    found.filter(|task| task.owner == actor.user_id).ok_or(ApplicationError::NotFound)
}
