use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;

use super::Extracting;
use super::error::ApiError;
use super::fields::parse_id;

/// The `{id}` of the path. Anything that is not a UUID names nothing: 404.
pub struct PathId(pub Uuid);

/// The `{session}` of the path, likewise.
pub(crate) struct PathSession(pub(crate) Uuid);

impl FromRequest for PathId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(part(request, "id").map(Self))
    }
}

impl FromRequest for PathSession {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(part(request, "session").map(Self))
    }
}

fn part(request: &HttpRequest, name: &str) -> Result<Uuid, ApiError> {
    request.match_info().get(name).and_then(parse_id).ok_or(ApiError::NotFound)
}

/// The `{id}` of the path, and what is sent with it.
pub struct AtId<T> {
    /// The id.
    pub id: Uuid,
    /// What is sent.
    pub input: T,
}

impl<T> FromRequest for AtId<T>
where
    T: FromRequest<Error = ApiError> + 'static,
{
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let PathId(id) = PathId::extract(&request).await?;
            let input = T::from_request(&request, &mut payload).await?;
            Ok(Self { id, input })
        })
    }
}
