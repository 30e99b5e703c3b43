use actix_web::{HttpResponse, web};
use application::Target;
use application::users::UserChange;
use application::users::Users;
use domain::passwords::Password;
use domain::users::{Email, Role, UserId};

use super::body::{ProfileBody, UserBody, UserReadOnlyBody};
use crate::fields::{Flat, Optional, Required};
use crate::http::responses::{Body, Conflict, Forbidden, NotFound, TooManyAttempts, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody};

crate::fields! {
    /// What an account is to be: a field that may be `null` is cleared when it is absent.
    pub(crate) ReplaceUserBody as "ReplaceUser" -> UserChange {
        /// A new address is not verified. The admin's own changes only with `current_password`.
        email: Required<Email>,
        profile: Flat<ProfileBody>,
        role: Required<Role>,
        is_active: Required<bool>,
        /// The admin's own, to change the email of their own account.
        current_password: Optional<Password>,
        read_only: Flat<UserReadOnlyBody>,
    }
    example {"email": "ada@example.com", "full_name": "Ada King", "role": "user", "is_active": true}
    build UserChange {
        email: Some(email),
        profile: profile.into(),
        role: Some(role),
        is_active: Some(is_active),
        current_password,
        read_only,
    }
}

/// Replace a user.
///
/// Replaces what an account says, for admins. What was read can be sent back whole, with what is to change. Disabling
/// ends the user's sessions; another role voids their access tokens.
#[utoipa::path(put, path = "/api/v1/users/{id}", tag = "users",
    request_body = ReplaceUserBody, params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The account as it is now.", body = UserBody), Body, Unauthorized, Forbidden,
        NotFound, Conflict, TooManyAttempts, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn replace_user(
    users: web::Data<Users>,
    Guarded { actor, input: AtId { id, input: JsonBody(change) } }: Guarded<AtId<JsonBody<ReplaceUserBody>>>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::User(UserId::new(id));
    let user = users.update(&actor, target, change).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
