//! Events: written in the unit of work of what they are about, and passed to the log and the counters after its commit.

mod counts;
mod guessed;
mod journal;
mod log;

#[cfg(test)]
mod logged;

pub(crate) use counts::Counters;
pub use counts::{Counts, RefreshOutcome, SignInOutcome};
pub(crate) use guessed::Guessed;
pub use journal::Journal;
