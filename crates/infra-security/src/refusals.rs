use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Refusals have ended when there was none for so long.
const QUIET: Duration = Duration::from_secs(10);

/// Logs when refusals begin and when they end, and not each one: a storm of requests must not become a storm of log
/// records.
pub(crate) struct Refusals {
    what: &'static str,
    last: Mutex<Option<Instant>>,
}

impl Refusals {
    /// `what` says to operators who is refused.
    pub(crate) fn of(what: &'static str) -> Self {
        Self { what, last: Mutex::default() }
    }

    /// Notes that a caller was refused.
    pub(crate) fn refused(&self) {
        let before = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
        if before.is_none() {
            tracing::warn!("{}", self.what);
        }
    }

    /// Notes that a caller was not refused.
    pub(crate) fn admitted(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|refused| refused.elapsed() >= QUIET) {
            *last = None;
            tracing::info!(was = self.what, "nobody is refused any more");
        }
    }
}
