//! Where reverse proxies ask about requests of others. The path of such a request may follow.

use actix_web::dev::ServiceRequest;

const ROUTE: &str = "/api/v1/auth/verify";

/// Whether a request is a proxy's question about another one. It goes by the path as routes are matched with it, in which
/// `%76` is a `v`.
pub(super) fn is_question(request: &ServiceRequest) -> bool {
    request.match_info().as_str().starts_with(ROUTE)
}

/// The path for logs and traces. What follows the route is somebody else's, and may hold what only they may know.
pub(super) fn own_path(request: &ServiceRequest) -> &str {
    if is_question(request) { ROUTE } else { request.path() }
}
