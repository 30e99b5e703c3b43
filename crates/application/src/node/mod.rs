//! What a node does apart from serving requests, and what it counts.

mod clean_up;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::Clock;
use domain::units::{Begin, CleanupUnit};

pub use clean_up::{CleanupEnd, Removed};

use crate::events::{Counts, Journal};

/// The use cases of a node.
#[derive(Clone)]
pub struct Node {
    /// Removes what has ended.
    pub units: Arc<dyn Begin<dyn CleanupUnit>>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
    /// How long events, and mails that were sent or given up, are kept.
    pub events_retention: TimeDelta,
}

impl Node {
    /// What happened on this node since it started.
    pub fn counts(&self) -> Counts {
        self.journal.counters.read()
    }

    /// At how many accounts a wrong password came in within the last ten minutes. Many at once are somebody who tries
    /// one password at all.
    pub fn guessed_accounts(&self) -> usize {
        self.journal.guessed_accounts()
    }
}
