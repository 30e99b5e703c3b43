//! Tasks: an example of a resource that belongs to users.

mod description;
mod repository;
mod task;
mod title;
mod unit;

pub use description::TaskDescription;
pub use repository::TaskRepository;
pub use task::{Task, TaskPosition, TaskQuery, TaskStatus};
pub use title::TaskTitle;
pub use unit::TaskUnit;

#[cfg(feature = "mocks")]
pub use {repository::MockTaskRepository, unit::MockTaskUnit};

use crate::Id;

/// Names a task. UUID version 7, so that ids sort by creation.
pub type TaskId = Id<Task>;
