//! Where reverse proxies ask about requests of others. The path of such a request may follow.

const ROUTE: &str = "/api/v1/auth/verify";

/// Whether a request to this path is a proxy's question about another one.
pub(super) fn is_question(path: &str) -> bool {
    path.starts_with(ROUTE)
}

/// The path for logs and traces. What follows the route is somebody else's, and may hold what only they may know.
pub(super) fn own_path(path: &str) -> &str {
    if is_question(path) { ROUTE } else { path }
}
