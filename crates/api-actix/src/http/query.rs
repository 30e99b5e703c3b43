use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::body::percent_decoded_is_utf8;
use super::error::ApiError;
use super::fields::{self, FieldList, RawFields};
use super::parts::rules;

/// The parameters of the query. Each is a text. One that is empty is as if absent, and one that comes twice is refused.
pub struct QueryFields<L: FieldList>(pub L::Value);

impl<L: FieldList> FromRequest for QueryFields<L> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read::<L>(request).map(Self))
    }
}

fn read<L: FieldList>(request: &HttpRequest) -> Result<L::Value, ApiError> {
    let query = request.query_string().as_bytes();
    if !percent_decoded_is_utf8(query) {
        return Err(ApiError::BadRequest);
    }
    let raw = RawFields::from_query(query);
    fields::read::<L>(raw, rules(request)?).map_err(ApiError::Invalid)
}
