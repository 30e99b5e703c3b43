//! The id of the request that is being served, for responses and logs.

use std::future::Future;

tokio::task_local! {
    static CURRENT: String;
}

/// Longest id that is taken from a client.
const MAX_LENGTH: usize = 64;

/// The id; empty outside a request.
pub(crate) fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Serves a request under an id.
pub(crate) fn scope<F: Future>(id: String, serving: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(id, serving)
}

/// Whether an id that a client chose can stand in headers and logs.
pub(crate) fn is_harmless(id: &str) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
