use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Guarded;
use crate::http::responses::{Unauthorized, Unavailable};
use crate::users::RoleBody;

/// Some proxies append the path of the request that they ask about.
pub(super) const PATHS: [&str; 2] = ["/auth/verify", "/auth/verify/{path:.*}"];

/// The holder of the token.
#[derive(Serialize, ToSchema)]
#[schema(as = Verified)]
pub(crate) struct VerifiedBody {
    /// The user.
    sub: Uuid,
    /// What they may do.
    #[schema(value_type = RoleBody)]
    role: &'static str,
    /// The session.
    sid: Uuid,
    /// When the token expires, in seconds since 1970.
    #[schema(example = 1_795_254_600)]
    exp: i64,
}

/// Verify.
///
/// Whether the access token is valid, and whose it is. Reads no row. It is meant for reverse proxies that ask before
/// they pass a request on: nginx's `auth_request`, Traefik's `forwardAuth`, Caddy's `forward_auth`, Envoy's `ext_authz`.
/// As these ask with the method, the path and the body of that request, any method is served alike, any path below
/// this one, too, and no body is read. No preflight is answered: without a valid token nothing passes.
#[utoipa::path(get, path = "/api/v1/auth/verify", tag = "auth",
    responses((status = 200, description = "The token is valid.", body = VerifiedBody, headers(
        ("X-User-Id" = String, description = "The user, as `sub`."),
        ("X-User-Role" = String, description = "The role, as `role`."),
    )), Unauthorized, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn verify(guarded: Guarded<()>) -> HttpResponse {
    let actor = guarded.actor;
    let body = VerifiedBody {
        sub: actor.user_id.as_uuid(),
        role: actor.role.as_str(),
        sid: actor.session.as_uuid(),
        exp: actor.token_expires_at.timestamp(),
    };
    HttpResponse::Ok()
        .insert_header(("X-User-Id", body.sub.to_string()))
        .insert_header(("X-User-Role", body.role))
        .json(body)
}
