use std::fmt;

use crate::tasks::{TaskDescription, TaskId, TaskTitle};
use crate::users::UserId;
use crate::{Timestamp, ValidationError};

/// Something a user has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Never changes.
    pub id: TaskId,
    /// Whose it is. Never changes, and the task is gone when the user is.
    pub owner: UserId,
    /// What it is about.
    pub title: TaskTitle,
    /// What there is to say about it.
    pub description: Option<TaskDescription>,
    /// How far it is.
    pub status: TaskStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// Not begun.
    #[default]
    Todo,
    /// Begun.
    Doing,
    /// Finished.
    Done,
}

impl TaskStatus {
    /// Every status.
    pub const ALL: [TaskStatus; 3] = [TaskStatus::Todo, TaskStatus::Doing, TaskStatus::Done];

    /// The status's name in the database and over HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::Doing => "doing",
            Self::Done => "done",
        }
    }

    /// Reads a status's name.
    ///
    /// # Errors
    /// `unknown_status` for any other text.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| ValidationError::new("unknown_status", "A status must be 'todo', 'doing' or 'done'."))
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request for one page of a user's tasks, oldest first. Ties are broken by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskQuery {
    /// Whose tasks.
    pub owner: UserId,
    /// Only this status.
    pub status: Option<TaskStatus>,
    /// Only tasks after this one.
    pub after: Option<TaskPosition>,
    /// How many tasks to pass over. The cost grows with it; `after` is cheap.
    pub offset: u64,
    /// How many tasks at most.
    pub limit: u64,
}

/// Where a task stands in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskPosition {
    /// When it was made.
    pub created_at: Timestamp,
    /// Breaks ties.
    pub id: TaskId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_back_and_nothing_else_is_one() {
        for status in TaskStatus::ALL {
            assert_eq!(TaskStatus::parse(status.as_str()), Ok(status));
        }
        for text in ["", "Todo", " todo", "doing\0", "cancelled"] {
            assert!(TaskStatus::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
