use actix_web::{HttpResponse, web};
use application::Target;
use application::users::Users;
use domain::users::UserId;

use super::body::UserBody;
use crate::http::responses::{Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// Read a user.
///
/// An account, for admins.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The account.", body = UserBody), Unauthorized, Forbidden, NotFound,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn get_user(
    users: web::Data<Users>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    let user = users.get(&actor, Target::User(UserId::new(id))).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
