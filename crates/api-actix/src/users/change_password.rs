use actix_web::{HttpResponse, web};
use application::passwords::ChangePassword;
use application::passwords::Passwords;
use domain::passwords::Password;

use super::values::ChosenPassword;
use crate::fields::{Optional, Required};
use crate::http::responses::{Body, Forbidden, TooManyAttempts, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

crate::fields! {
    /// A change of one's own password.
    pub(crate) ChangePasswordBody as "ChangePassword" -> ChangePassword {
        /// Left out by whoever has no password.
        current_password: Optional<Password>,
        new_password: Required<ChosenPassword>,
    }
    example {"current_password": "correct horse battery staple", "new_password": "staple battery horse correct"}
    build ChangePassword { current: current_password, new: new_password }
}

/// Change the password.
///
/// Changes the user's password. All access tokens become void, so refresh next; all other sessions end. A user with a
/// second factor must have proven lately by it who they are. One without a password needs a recent proof in place of
/// the current one, and gets their first. Otherwise it is 403 with `step_up_required`.
#[utoipa::path(put, path = "/api/v1/users/me/password", tag = "users", request_body = ChangePasswordBody,
    responses((status = 204, description = "The password was changed."), Body, Unauthorized, Forbidden, TooManyAttempts, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn change_password(
    passwords: web::Data<Passwords>,
    Guarded { actor, input: JsonBody(change) }: Guarded<JsonBody<ChangePasswordBody>>,
) -> Result<HttpResponse, ApiError> {
    passwords.change(&actor, change).await?;
    Ok(HttpResponse::NoContent().finish())
}
