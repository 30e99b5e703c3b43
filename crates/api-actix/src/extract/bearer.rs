use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};
use application::{Actor, ApplicationError};

use super::{Extracting, state};
use crate::error::ApiError;

/// Who asks, on a route that is open to anyone. A token that is there must be valid all the same.
pub struct OptionalActor(pub Option<Actor>);

impl FromRequest for OptionalActor {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            match authenticate(&request).await {
                Ok(actor) => Ok(Self(Some(actor))),
                Err(ApiError::MissingToken) => Ok(Self(None)),
                Err(error) => Err(error),
            }
        })
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
    Ok(state(request)?.application.authenticate(token.trim()).await?)
}
