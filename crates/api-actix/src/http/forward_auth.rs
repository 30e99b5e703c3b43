//! Where reverse proxies ask about requests of others. The path of such a request may follow.

use actix_web::dev::ServiceRequest;

const ROUTE: &str = "/api/v1/auth/verify";

/// Whether a request is a reverse proxy's, about another one. It goes by the path as routes are matched with it, in
/// which `%76` is a `v`.
pub(super) fn is_forward_auth(request: &ServiceRequest) -> bool {
    let rest = request.match_info().as_str().strip_prefix(ROUTE);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path for logs and traces. What follows the route is somebody else's, and may hold what only they may know.
pub(super) fn own_path(request: &ServiceRequest) -> &str {
    if is_forward_auth(request) { ROUTE } else { request.path() }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::own_path;

    #[test]
    fn what_follows_the_route_is_left_out() {
        for (path, expected) in [
            ("/api/v1/auth/verify", "/api/v1/auth/verify"),
            ("/api/v1/auth/verify/somebody/else", "/api/v1/auth/verify"),
            ("/api/v1/auth/%76erify/somebody/else", "/api/v1/auth/verify"),
            ("/api/v1/auth/verifying", "/api/v1/auth/verifying"),
        ] {
            let request = TestRequest::with_uri(path).to_srv_request();
            assert_eq!(own_path(&request), expected);
        }
    }
}
