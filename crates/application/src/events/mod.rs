//! Events: written in the unit of work of what they are about, and told to the log and the counters behind its commit.

mod journal;
mod log;

#[cfg(test)]
mod logged;

pub use journal::Journal;
