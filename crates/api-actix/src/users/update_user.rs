use actix_web::{HttpResponse, web};
use application::Target;
use application::users::UserChange;
use application::users::Users;
use domain::passwords::Password;
use domain::users::{Email, Role, UserId};

use super::body::{ProfileChangeBody, UserBody};
use crate::fields::{Flat, NotNull};
use crate::http::responses::{Body, Conflict, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody};

crate::fields! {
    /// What to change of an account: a field that is absent stays, one that is `null` is cleared.
    pub(crate) UpdateUserBody as "UpdateUser" -> UserChange {
        /// A new address is not verified. The user's own changes only with `current_password`.
        email: NotNull<Email>,
        profile: Flat<ProfileChangeBody>,
        /// For admins, and not of their own account under `/users/me`.
        role: NotNull<Role>,
        /// For admins, and not of their own account under `/users/me`.
        is_active: NotNull<bool>,
        /// The user's own, to change their own email. It ends their other sessions.
        current_password: NotNull<Password>,
    }
    example {"full_name": "Ada King", "birthday": null}
}

/// Change a user.
///
/// Changes an account, for admins. PUT does the same. Disabling ends the user's sessions; another role voids their
/// access tokens. The email of the admin's own account changes only with their current password.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users",
    request_body = UpdateUserBody, params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The account as it is now.", body = UserBody), Body, Unauthorized, Forbidden,
        NotFound, Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn update_user(
    users: web::Data<Users>,
    Guarded { actor, input: AtId { id, input: JsonBody(change) } }: Guarded<AtId<JsonBody<UpdateUserBody>>>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::User(UserId::new(id));
    let user = users.update(&actor, target, change).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
