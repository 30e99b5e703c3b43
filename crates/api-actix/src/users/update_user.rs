use actix_web::{HttpResponse, web};
use application::Target;
use application::users::UserChange;
use application::users::Users;
use domain::users::{Email, Role, UserId};

use super::body::{ProfileChangeBody, UserBody, UserReadOnlyBody};
use crate::fields::{Flat, Ignored, NotNull};
use crate::http::responses::{Body, Conflict, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody};

crate::fields! {
    /// What to change of an account: a field that is absent stays, one that is `null` is cleared.
    pub(crate) UpdateUserBody as "UpdateUser" -> UserChange {
        /// A new address is not verified, unless `email_verified` says so. The admin's own is changed by
        /// `PUT /api/v1/users/me/email`.
        email: NotNull<Email>,
        profile: Flat<ProfileChangeBody>,
        role: NotNull<Role>,
        is_active: NotNull<bool>,
        /// Whether the address counts as proven; absent, a new one does not. The admin's own: as it was read, or
        /// absent.
        email_verified: NotNull<bool>,
        /// Is not looked at: no change here needs it.
        current_password: Ignored,
        read_only: Flat<UserReadOnlyBody>,
    }
    example {"full_name": "Ada King", "birthday": null, "is_active": true}
    build {
        let () = current_password;
        UserChange { email, profile, role, is_active, email_verified, read_only }
    }
}

/// Change a user.
///
/// Changes an account, for admins. Disabling ends the user's sessions; another role voids their access tokens. Another
/// email voids what was mailed to the user, and is told to the old address if it was proven. Another role, activity or
/// email, and another word on whether the email is proven, need a recent proof of the admin: otherwise 403
/// `step_up_required`.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users",
    request_body(content((UpdateUserBody = "application/json"), (UpdateUserBody = "application/merge-patch+json"))),
    params(("id" = Uuid, Path, description = "The user.")),
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
