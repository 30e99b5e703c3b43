use actix_web::{HttpResponse, web};
use application::passwords::Passwords;
use domain::passwords::Password;
use domain::users::UserId;

use super::values::ChosenPassword;
use crate::fields::Required;
use crate::http::responses::{Body, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody};

crate::fields! {
    /// A password for another user.
    pub(crate) SetPasswordBody as "SetPassword" -> Password {
        password: Required<ChosenPassword>,
    }
    example {"password": "staple battery horse correct"}
    build password
}

/// Set a user's password.
///
/// Gives another password to a user who forgot theirs, for admins. All tokens of the user are dead. An admin's own
/// account is refused with 403: use `PUT /api/v1/users/me/password`, with the current password. Needs a recent proof of
/// the admin: otherwise 403 `step_up_required`.
#[utoipa::path(put, path = "/api/v1/users/{id}/password", tag = "users", request_body = SetPasswordBody,
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 204, description = "The password was set, and all tokens of the user are dead."), Body,
        Unauthorized, Forbidden, NotFound, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn set_password(
    passwords: web::Data<Passwords>,
    Guarded { actor, input: AtId { id, input: JsonBody(password) } }: Guarded<AtId<JsonBody<SetPasswordBody>>>,
) -> Result<HttpResponse, ApiError> {
    passwords.set(&actor, UserId::new(id), password).await?;
    Ok(HttpResponse::NoContent().finish())
}
