use std::net::IpAddr;

use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use application::ApplicationError;
use application::sessions::Sessions;
use domain::Secret;

use super::refresh::PresentedToken;
use crate::fields::{Form, Optional};
use crate::http::responses::{Body, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientAddress, OptionalFormOrJsonBody, bearer_token};

crate::fields! {
    /// The refresh token of the session to end. Not needed with an access token.
    pub(crate) LogoutBody as "Logout" -> Option<Secret> {
        /// As any sign-in or refresh of the session handed it out.
        refresh_token: Optional<PresentedToken>,
    }
    build refresh_token.map(|token| token.0)
}

pub(crate) type LogoutForm = Form<LogoutBody>;

/// Sign out.
///
/// Ends a session: that of the access token, that of the refresh token in the body, or both where both are sent. Anyone
/// who holds either token may do it, and may do it again. With an access token that has not expired, nothing about the
/// body is an error; with a refresh token, an access token that is no longer valid is none.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth",
    request_body(content((LogoutForm = "application/x-www-form-urlencoded"), (LogoutBody = "application/json"))),
    responses((status = 204, description = "Its tokens are dead."), Body, Unauthorized, RateLimited, Unavailable),
    security((), ("bearer" = []), ("password" = [])))]
pub(crate) async fn logout(
    sessions: web::Data<Sessions>,
    request: HttpRequest,
    ClientAddress(address): ClientAddress,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    // Before the body, which may never come: nothing about it is to keep anybody signed in.
    let has_ended = match end_by_access_token(&sessions, &request, address).await {
        // Clients send their access token along, and by then it has often expired: the body may have another.
        Err(fault) if !matches!(fault, ApiError::InvalidToken) => return Err(fault),
        has_ended => has_ended,
    };
    let body = OptionalFormOrJsonBody::<LogoutBody>::from_request(&request, &mut payload.into_inner()).await;
    match (body.map(|OptionalFormOrJsonBody(token)| token.flatten()), has_ended) {
        (Ok(Some(token)), has_ended) => match sessions.logout_holder(token.expose(), address).await {
            // It may have ended before.
            Err(ApplicationError::InvalidRefreshToken) if matches!(has_ended, Ok(true)) => {}
            result => result?,
        },
        (_, Ok(true)) => {}
        // The faults of a body are not told to a client that sends a token that is not valid.
        (_, Err(fault)) => return Err(fault),
        (body, Ok(false)) => return Err(body.err().unwrap_or(ApiError::MissingToken)),
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Ends the session of the access token, if there is one, and returns whether there is.
async fn end_by_access_token(
    sessions: &Sessions,
    request: &HttpRequest,
    address: Option<IpAddr>,
) -> Result<bool, ApiError> {
    let Some(token) = bearer_token(request)? else { return Ok(false) };
    sessions.logout(token, address).await?;
    Ok(true)
}
