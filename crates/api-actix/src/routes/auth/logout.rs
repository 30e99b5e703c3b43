use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use application::ApplicationError;

use super::refresh::RefreshTokenBody;
use crate::error::ApiError;
use crate::extract::{Json, OptionalActor};
use crate::responses::{Body, RateLimited, Unauthorized, Unavailable};
use crate::state::AppState;

/// Sign out.
///
/// Ends a session: that of the access token, that of the refresh token in the body, or both where both are sent.
/// Whoever holds either token may do it.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth",
    request_body(content = RefreshTokenBody, description = "Not needed with an access token."),
    responses((status = 204, description = "Its tokens are dead."), Body, Unauthorized, RateLimited, Unavailable),
    security((), ("bearer" = []), ("password" = [])))]
pub(crate) async fn logout(
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let OptionalActor(actor) = OptionalActor::extract(&request).await?;
    let body = match has_body(&request) {
        true => Some(Json::<RefreshTokenBody>::from_request(&request, &mut payload.into_inner()).await?.0),
        false => None,
    };
    if actor.is_none() && body.is_none() {
        return Err(ApiError::MissingToken);
    }
    if let Some(actor) = &actor {
        state.application.logout(actor).await?;
    }
    if let Some(body) = body {
        match state.application.logout_holder(body.refresh_token.expose()).await {
            // The access token has done it already; the refresh token may have died before.
            Err(ApplicationError::InvalidRefreshToken) if actor.is_some() => {}
            result => result?,
        }
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Whether a body comes with the request, whatever its type is said to be (RFC 9112, section 6.3).
fn has_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let length = headers.get(CONTENT_LENGTH);
    headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length.as_bytes() != b"0")
}
