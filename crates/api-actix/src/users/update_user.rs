use actix_web::{HttpResponse, web};
use application::Target;
use application::users::UserChange;
use application::users::Users;
use domain::passwords::Password;
use domain::users::{Email, Role, UserId};

use super::body::{ProfileChangeBody, UserBody, UserReadOnlyBody};
use crate::fields::{Flat, NotNull, Optional};
use crate::http::responses::{Body, Conflict, Forbidden, NotFound, TooManyAttempts, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody};

crate::fields! {
    /// What to change of an account: a field that is absent stays, one that is `null` is cleared.
    pub(crate) UpdateUserBody as "UpdateUser" -> UserChange {
        /// A new address is not verified. The admin's own changes only with `current_password`.
        email: NotNull<Email>,
        profile: Flat<ProfileChangeBody>,
        role: NotNull<Role>,
        is_active: NotNull<bool>,
        /// The admin's own, to change the email of their own account.
        current_password: Optional<Password>,
        read_only: Flat<UserReadOnlyBody>,
    }
    example {"full_name": "Ada King", "birthday": null, "is_active": true}
}

/// Change a user.
///
/// Changes an account, for admins. Disabling ends the user's sessions; another role voids their
/// access tokens. The email of the admin's own account changes only with their current password.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users",
    request_body(content((UpdateUserBody = "application/json"), (UpdateUserBody = "application/merge-patch+json"))),
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The account as it is now.", body = UserBody), Body, Unauthorized, Forbidden,
        NotFound, Conflict, TooManyAttempts, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn update_user(
    users: web::Data<Users>,
    Guarded { actor, input: AtId { id, input: JsonBody(change) } }: Guarded<AtId<JsonBody<UpdateUserBody>>>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::User(UserId::new(id));
    let user = users.update(&actor, target, change).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
