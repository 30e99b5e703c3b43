//! Events: what an operator may have to answer for later, kept beside the writes that they are about.

mod event;
mod repository;

pub use event::{By, Event, NewEvent, RecordedEvent, What};
pub use repository::EventRepository;

#[cfg(feature = "mocks")]
pub use repository::MockEventRepository;

use crate::Id;

/// Names an event.
pub type EventId = Id<Event>;
