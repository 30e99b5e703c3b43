use actix_web::{HttpResponse, web};
use application::Target;
use application::users::UserChange;
use application::users::Users;
use domain::users::Email;

use super::body::{ProfileBody, UserBody, UserReadOnlyBody};
use super::values::OwnRole;
use crate::fields::{Flat, Ignored, NotNull, ReadOnly, Required};
use crate::http::responses::{Body, Conflict, Forbidden, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

crate::fields! {
    /// What one's own account is to be: a field that may be `null` is cleared when it is absent.
    pub(crate) ReplaceMeBody as "ReplaceMe" -> UserChange {
        /// As it was read. It is changed by `PUT /api/v1/users/me/email`.
        email: Required<Email>,
        profile: Flat<ProfileBody>,
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
    example {"email": "ada@example.com", "full_name": "Ada King"}
    build {
        let () = current_password;
        UserChange { email: Some(email), profile: profile.into(), role, is_active, email_verified, read_only }
    }
}

/// Replace oneself.
///
/// Replaces what the user's own account says. What was read can be sent back whole, with what is to change. The email
/// cannot be changed here.
#[utoipa::path(put, path = "/api/v1/users/me", tag = "users",
    request_body = ReplaceMeBody,
    responses((status = 200, description = "The account as it is now.", body = UserBody), Body, Unauthorized, Forbidden,
        Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn replace_me(
    users: web::Data<Users>,
    Guarded { actor, input: JsonBody(change) }: Guarded<JsonBody<ReplaceMeBody>>,
) -> Result<HttpResponse, ApiError> {
    let user = users.update(&actor, Target::Me, change).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
