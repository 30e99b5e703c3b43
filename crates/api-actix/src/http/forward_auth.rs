//! Where reverse proxies ask about requests of others. The path of such a request may follow.

const ROUTE: &str = "/api/v1/auth/verify";

/// Whether a request to this path is a reverse proxy's, about another one.
pub(super) fn is_forward_auth(path: &str) -> bool {
    path.strip_prefix(ROUTE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path for logs and traces. What follows the route is somebody else's, and may hold what only they may know.
pub(super) fn own_path(path: &str) -> &str {
    if is_forward_auth(path) { ROUTE } else { path }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn what_follows_the_route_is_left_out() {
        for (path, expected) in [
            ("/api/v1/auth/verify", "/api/v1/auth/verify"),
            ("/api/v1/auth/verify/somebody/else", "/api/v1/auth/verify"),
            ("/api/v1/auth/verifying", "/api/v1/auth/verifying"),
        ] {
            assert_eq!(own_path(path), expected);
        }
    }
}
