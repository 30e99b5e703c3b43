use actix_web::{HttpResponse, web};
use application::Target;
use application::users::UserChange;
use application::users::Users;
use domain::users::{Email, Role, UserId};

use super::body::{ProfileBody, UserBody, UserReadOnlyBody};
use crate::fields::{Flat, Ignored, NotNull, Required};
use crate::http::responses::{Body, Conflict, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody};

crate::fields! {
    /// What an account is to be: a field that may be `null` is cleared when it is absent.
    pub(crate) ReplaceUserBody as "ReplaceUser" -> UserChange {
        /// A new address is not verified, unless `email_verified` says so. The admin's own is changed by
        /// `PUT /api/v1/users/me/email`.
        email: Required<Email>,
        profile: Flat<ProfileBody>,
        role: Required<Role>,
        is_active: Required<bool>,
        /// Whether the address counts as proven; absent, a new one does not. The admin's own: as it was read, or
        /// absent.
        email_verified: NotNull<bool>,
        /// Is not looked at: no change here needs it.
        current_password: Ignored,
        read_only: Flat<UserReadOnlyBody>,
    }
    example {"email": "ada@example.com", "full_name": "Ada King", "role": "user", "is_active": true}
    build {
        let () = current_password;
        UserChange {
            email: Some(email),
            profile: profile.into(),
            role: Some(role),
            is_active: Some(is_active),
            email_verified,
            read_only,
        }
    }
}

/// Replace a user.
///
/// Replaces what an account says, for admins. What was read can be sent back whole, with what is to change. Disabling
/// ends the user's sessions; another role voids their access tokens. Another role, activity or email, and another word
/// on whether the email is proven, need a recent proof of the admin: otherwise 403 `step_up_required`.
#[utoipa::path(put, path = "/api/v1/users/{id}", tag = "users",
    request_body = ReplaceUserBody, params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The account as it is now.", body = UserBody), Body, Unauthorized, Forbidden,
        NotFound, Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn replace_user(
    users: web::Data<Users>,
    Guarded { actor, input: AtId { id, input: JsonBody(change) } }: Guarded<AtId<JsonBody<ReplaceUserBody>>>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::User(UserId::new(id));
    let user = users.update(&actor, target, change).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
