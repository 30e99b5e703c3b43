//! What a node does besides answering requests, and what it counts.

mod cleanup;
mod counts;

pub use cleanup::{CleanupEnd, Removed};
pub(crate) use counts::Counters;
pub use counts::{Counts, Refresh, SignIn};
