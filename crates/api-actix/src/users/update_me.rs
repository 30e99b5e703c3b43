use actix_web::{HttpResponse, web};
use application::Target;
use application::users::UserChange;
use application::users::Users;
use domain::users::Email;

use super::body::{ProfileChangeBody, UserBody, UserReadOnlyBody};
use super::values::OwnRole;
use crate::fields::{Flat, Ignored, NotNull, ReadOnly};
use crate::http::responses::{Body, Conflict, Forbidden, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

crate::fields! {
    /// What to change of one's own account: a field that is absent stays, one that is `null` is cleared.
    pub(crate) UpdateMeBody as "UpdateMe" -> UserChange {
        /// As it was read. It is changed by `PUT /api/v1/users/me/email`.
        email: NotNull<Email>,
        profile: Flat<ProfileChangeBody>,
        /// As it was read, or absent.
        role: ReadOnly<NotNull<OwnRole>>,
        /// As it was read, or absent.
        is_active: ReadOnly<NotNull<bool>>,
        /// As it was read, or absent.
        email_verified: ReadOnly<NotNull<bool>>,
        /// Is not looked at: no change here needs it.
        current_password: Ignored,
        read_only: Flat<UserReadOnlyBody>,
    }
    example {"full_name": "Ada King", "birthday": null}
    build {
        let () = current_password;
        UserChange { email, profile, role, is_active, email_verified, read_only }
    }
}

/// Change oneself.
///
/// Changes the user's own account. Nobody can change their own role or activity here, nor their email.
#[utoipa::path(patch, path = "/api/v1/users/me", tag = "users",
    request_body(content((UpdateMeBody = "application/json"), (UpdateMeBody = "application/merge-patch+json"))),
    responses((status = 200, description = "The account as it is now.", body = UserBody), Body, Unauthorized, Forbidden,
        Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn update_me(
    users: web::Data<Users>,
    Guarded { actor, input: JsonBody(change) }: Guarded<JsonBody<UpdateMeBody>>,
) -> Result<HttpResponse, ApiError> {
    let user = users.update(&actor, Target::Me, change).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
