//! What a node does apart from serving requests, and what it counts.

mod clean_up;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::Clock;
use domain::events::EventRepository;
use domain::keys::SigningKeyRepository;
use domain::sessions::{RefreshTokenRepository, RevocationRepository};
use domain::units::{Begin, CleanupUnit};

pub use clean_up::{CleanupEnd, Removed};

use crate::events::{Counts, Journal};

/// The use cases of a node.
#[derive(Clone)]
pub struct Node {
    /// Removes what has ended.
    pub units: Arc<dyn Begin<dyn CleanupUnit>>,
    /// Refresh tokens, outside a unit of work.
    pub refresh_tokens: Arc<dyn RefreshTokenRepository>,
    /// What was revoked, outside a unit of work.
    pub revocations: Arc<dyn RevocationRepository>,
    /// Signing keys, outside a unit of work.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// Events, outside a unit of work.
    pub events: Arc<dyn EventRepository>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
    /// How long events are kept.
    pub events_retention: TimeDelta,
}

impl Node {
    /// What happened on this node since it started.
    pub fn counts(&self) -> Counts {
        self.journal.counters.read()
    }
}
