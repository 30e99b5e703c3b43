use actix_web::{HttpResponse, web};
use application::Target;
use application::users::Users;

use super::body::UserBody;
use super::update_user::UpdateUserBody;
use crate::http::responses::{Body, Conflict, Forbidden, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

/// Change oneself.
///
/// Changes the user's own account. PUT does the same. Nobody can change their own role or activity. Another email needs
/// the current password and ends all other sessions.
#[utoipa::path(patch, path = "/api/v1/users/me", tag = "users", request_body = UpdateUserBody,
    responses((status = 200, description = "The account as it is now.", body = UserBody), Body, Unauthorized, Forbidden,
        Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn update_me(
    users: web::Data<Users>,
    Guarded { actor, input: JsonBody(change) }: Guarded<JsonBody<UpdateUserBody>>,
) -> Result<HttpResponse, ApiError> {
    let user = users.update(&actor, Target::Me, change).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
