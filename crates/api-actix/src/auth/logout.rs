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
    let by_access_token = match bearer_token(&request) {
        Ok(None) => None,
        Ok(Some(token)) => Some(sessions.logout(token, address).await.map_err(ApiError::from)),
        Err(fault) => Some(Err(fault)),
    };
    let has_ended = match by_access_token {
        Some(Ok(())) => true,
        // Clients send their access token along, and by then it has often expired.
        None | Some(Err(ApiError::InvalidToken)) => false,
        Some(Err(error)) => return Err(error),
    };
    let body = OptionalFormOrJsonBody::<LogoutBody>::from_request(&request, &mut payload.into_inner()).await;
    match (body.map(|OptionalFormOrJsonBody(token)| token.flatten()), by_access_token) {
        (Ok(Some(token)), _) => match sessions.logout_holder(token.expose(), address).await {
            // It may have ended before.
            Err(ApplicationError::InvalidRefreshToken) if has_ended => {}
            result => result?,
        },
        // The faults of a body are not told to a client that sends a token that is not valid.
        (_, Some(result)) => result?,
        (body, None) => return Err(body.err().unwrap_or(ApiError::MissingToken)),
    }
    Ok(HttpResponse::NoContent().finish())
}
