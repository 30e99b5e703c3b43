//! What handlers and extractors find in the app's data: each part by itself, so that each of them knows only what it
//! uses.

use actix_web::{HttpRequest, web};
use domain::Clock;
use domain::passwords::PasswordPolicy;

use super::error::ApiError;
use super::fields::Rules;

/// A part that every app of ours is mounted with.
pub(crate) fn part<T: ?Sized + 'static>(request: &HttpRequest) -> Result<&web::Data<T>, ApiError> {
    request.app_data::<web::Data<T>>().ok_or(ApiError::Broken("the routes are mounted without their parts"))
}

/// What the fields of this request are checked against.
pub(super) fn rules(request: &HttpRequest) -> Result<Rules, ApiError> {
    let today = part::<dyn Clock>(request)?.now().date_naive();
    Ok(Rules { password_policy: *part::<PasswordPolicy>(request)?.get_ref(), today })
}
