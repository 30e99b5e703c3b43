use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the server is about to stop. Until it does it serves as before, but is not ready, and each response ends its
/// connection. Among the application's data.
#[derive(Debug, Default)]
pub(crate) struct Draining(AtomicBool);

impl Draining {
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
