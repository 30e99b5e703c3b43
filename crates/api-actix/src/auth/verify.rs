use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::responses::{Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};
use crate::users::RoleBody;

/// Some proxies append the path of the request that they ask about.
pub(super) const PATHS: [&str; 2] = ["/auth/verify", "/auth/verify/{path:.*}"];

/// All but `CONNECT`, which a success would turn into a tunnel (RFC 9110, section 9.3.6). `HEAD` comes with `GET`.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS, TRACE");

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
    /// How they proved last who they are (RFC 8176): `pwd`, `mail`, `otp`, `recovery`, and `mfa` for two factors.
    /// `null` in tokens of versions that did not write it.
    #[schema(value_type = Option<Vec<String>>, required = true, example = json!(["pwd", "otp", "mfa"]))]
    amr: Option<Vec<&'static str>>,
    /// When they did, in seconds since 1970. Likewise.
    #[schema(required = true, example = 1_795_254_600)]
    auth_time: Option<i64>,
    /// When the token expires, in seconds since 1970.
    #[schema(example = 1_795_254_600)]
    exp: i64,
}

/// Verify.
///
/// Whether the access token is valid, and whose it is. Reads no row. It is meant for reverse proxies that ask before
/// they pass a request on: nginx's `auth_request`, Traefik's `forwardAuth`, Caddy's `forward_auth`, Envoy's
/// `ext_authz`. As these ask with the method, the path and the body of that request, any method but `CONNECT` is served
/// alike, any path below this one, too, and no body is read. No preflight is answered: without a valid token nothing
/// passes.
#[utoipa::path(get, path = "/api/v1/auth/verify", tag = "auth",
    responses((status = 200, description = "The token is valid.", body = VerifiedBody, headers(
        ("X-User-Id" = String, description = "The user, as `sub`."),
        ("X-User-Role" = String, description = "The role, as `role`."),
        ("X-User-Amr" = String, description = "How they proved last who they are, as `amr`, with commas between. Empty where it is `null`."),
        ("X-User-Auth-Time" = String, description = "When they did, as `auth_time`. Likewise."),
    )), Unauthorized, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn verify(request: HttpRequest, guarded: Guarded<()>) -> Result<HttpResponse, ApiError> {
    if request.method() == Method::CONNECT {
        return Err(ApiError::MethodNotAllowed(Some(METHODS)));
    }
    let actor = guarded.actor;
    let body = VerifiedBody {
        sub: actor.user_id.as_uuid(),
        role: actor.role.as_str(),
        sid: actor.session.as_uuid(),
        amr: actor.authentication.map(|it| it.methods.names()),
        auth_time: actor.authentication.map(|it| it.at.timestamp()),
        exp: actor.token_expires_at.timestamp(),
    };
    // Each is there in any case: a proxy puts it in the place of one that a client sent.
    let amr = body.amr.as_deref().unwrap_or_default().join(",");
    let auth_time = body.auth_time.map(|time| time.to_string()).unwrap_or_default();
    Ok(HttpResponse::Ok()
        .insert_header(("X-User-Id", body.sub.to_string()))
        .insert_header(("X-User-Role", body.role))
        .insert_header(("X-User-Amr", amr))
        .insert_header(("X-User-Auth-Time", auth_time))
        .json(body))
}
