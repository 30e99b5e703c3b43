use actix_web::{HttpResponse, web};
use application::Target;
use application::users::Users;

use super::body::UserBody;
use crate::http::responses::{Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// Read oneself.
///
/// The user's own account.
#[utoipa::path(get, path = "/api/v1/users/me", tag = "users",
    responses((status = 200, description = "The account.", body = UserBody), Unauthorized, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn get_me(users: web::Data<Users>, guarded: Guarded<()>) -> Result<HttpResponse, ApiError> {
    let user = users.get(&guarded.actor, Target::Me).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
