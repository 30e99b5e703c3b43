use actix_web::{HttpRequest, HttpResponse, web};
use application::ApplicationError;
use application::sessions::Sessions;

use super::refresh::RefreshTokenBody;
use crate::http::responses::{Body, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientAddress, OptionalJsonBody, judge};

/// Sign out.
///
/// Ends a session: that of the access token, that of the refresh token in the body, or both where both are sent. Anyone
/// who holds either token may do it: with a refresh token in the body, an access token that is no longer valid is not
/// an error.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth",
    request_body(content = RefreshTokenBody, description = "Not needed with an access token."),
    responses((status = 204, description = "Its tokens are dead."), Body, Unauthorized, RateLimited, Unavailable),
    security((), ("bearer" = []), ("password" = [])))]
pub(crate) async fn logout(
    sessions: web::Data<Sessions>,
    request: HttpRequest,
    ClientAddress(address): ClientAddress,
    body: Result<OptionalJsonBody<RefreshTokenBody>, ApiError>,
) -> Result<HttpResponse, ApiError> {
    // The token is judged after the body, which may have taken time to come.
    let (actor, token) = match (judge(&request).await, body) {
        // Clients send their access token along, and by then it has often expired.
        (Err(ApiError::InvalidToken), Ok(OptionalJsonBody(Some(token)))) => (None, Some(token)),
        // The faults of a body are not told to a client that sends a token that is not valid.
        (actor, body) => (actor?, body?.0),
    };
    if actor.is_none() && token.is_none() {
        return Err(ApiError::MissingToken);
    }
    if let Some(actor) = &actor {
        sessions.logout(actor).await?;
    }
    if let Some(token) = token {
        match sessions.logout_holder(token.expose(), address).await {
            // The access token has ended the session already; the refresh token may have ended before.
            Err(ApplicationError::InvalidRefreshToken) if actor.is_some() => {}
            result => result?,
        }
    }
    Ok(HttpResponse::NoContent().finish())
}
