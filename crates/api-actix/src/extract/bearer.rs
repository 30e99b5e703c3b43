use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use application::{Actor, ApplicationError};

use super::state;
use crate::client_address;
use crate::error::ApiError;

/// The actor, where a token is not needed. One that is there must be valid all the same.
pub(crate) async fn authenticate_if_any(request: &HttpRequest) -> Result<Option<Actor>, ApiError> {
    match authenticate(request).await {
        Ok(actor) => Ok(Some(actor)),
        Err(ApiError::MissingToken) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Who holds the request's bearer token (RFC 6750, section 2.1). A token in the query or the body is not looked for.
pub(super) async fn authenticate(request: &HttpRequest) -> Result<Actor, ApiError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().ok_or(ApiError::MissingToken)?;
    if headers.next().is_some() {
        return Err(ApplicationError::InvalidAccessToken.into());
    }
    let text = header.to_str().map_err(|_| ApplicationError::InvalidAccessToken)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(ApiError::MissingToken);
    }
    let state = state(request)?;
    let actor = state.application.authenticate(token.trim()).await?;
    Ok(Actor { address: client_address::of(request, &state.proxies), ..actor })
}
