use actix_web::{HttpResponse, web};
use application::Target;
use application::users::UserChange;
use application::users::Users;
use domain::passwords::Password;
use domain::users::Email;

use super::body::{ProfileBody, UserBody, UserReadOnlyBody};
use super::values::OwnRole;
use crate::fields::{Flat, NotNull, Optional, ReadOnly, Required};
use crate::http::responses::{Body, Conflict, Forbidden, TooManyAttempts, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

crate::fields! {
    /// What one's own account is to be: a field that may be `null` is cleared when it is absent.
    pub(crate) ReplaceMeBody as "ReplaceMe" -> UserChange {
        /// A new address is not verified. It changes only with `current_password`, and ends the other sessions.
        email: Required<Email>,
        profile: Flat<ProfileBody>,
        /// As it was read, or absent.
        role: ReadOnly<NotNull<OwnRole>>,
        /// As it was read, or absent.
        is_active: ReadOnly<NotNull<bool>>,
        /// Needed for another email.
        current_password: Optional<Password>,
        read_only: Flat<UserReadOnlyBody>,
    }
    example {"email": "ada@example.com", "full_name": "Ada King"}
    build UserChange { email: Some(email), profile: profile.into(), role, is_active, current_password, read_only }
}

/// Replace oneself.
///
/// Replaces what the user's own account says. What was read can be sent back whole, with what is to change. Another
/// email needs the current password and ends all other sessions.
#[utoipa::path(put, path = "/api/v1/users/me", tag = "users",
    request_body = ReplaceMeBody,
    responses((status = 200, description = "The account as it is now.", body = UserBody), Body, Unauthorized, Forbidden,
        Conflict, TooManyAttempts, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn replace_me(
    users: web::Data<Users>,
    Guarded { actor, input: JsonBody(change) }: Guarded<JsonBody<ReplaceMeBody>>,
) -> Result<HttpResponse, ApiError> {
    let user = users.update(&actor, Target::Me, change).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
