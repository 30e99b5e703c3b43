use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::body::percent_decoded_is_utf8;
use super::error::ApiError;
use super::fields::{Fields, FromFields, RawFields};
use super::parts::rules;

/// The parameters of the query. Each is a text; one that comes twice is refused.
pub struct Query<T>(pub T);

impl<T: FromFields> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request).map(Self))
    }
}

fn read<T: FromFields>(request: &HttpRequest) -> Result<T, ApiError> {
    let query = request.query_string().as_bytes();
    if !percent_decoded_is_utf8(query) {
        return Err(ApiError::BadRequest);
    }
    let raw = RawFields::from_urlencoded(query);
    Fields::read(raw, rules(request)?).map_err(ApiError::Invalid)
}
