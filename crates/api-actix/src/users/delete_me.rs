use actix_web::{HttpResponse, web};
use application::Target;
use application::users::Users;
use domain::passwords::Password;

use crate::fields::Optional;
use crate::http::responses::{Body, Conflict, Forbidden, TooManyAttempts, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, OptionalJsonBody};

crate::fields! {
    /// The proof that it is the user who deletes their account.
    pub(crate) DeleteMeBody as "DeleteMe" -> Option<Password> {
        /// Left out by whoever has no password.
        current_password: Optional<Password>,
    }
    example {"current_password": "correct horse battery staple"}
    build current_password
}

/// Delete oneself.
///
/// Deletes the user's own account and everything that belongs to it. Needs the current password, of a user with a
/// second factor also a recent proof by it, and of one without a password a recent proof alone. Otherwise it is 403
/// with `step_up_required`.
#[utoipa::path(delete, path = "/api/v1/users/me", tag = "users", request_body = DeleteMeBody,
    responses((status = 204, description = "The account is gone."), Body, Unauthorized, Forbidden, Conflict,
        TooManyAttempts, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn delete_me(
    users: web::Data<Users>,
    Guarded { actor, input: OptionalJsonBody(password) }: Guarded<OptionalJsonBody<DeleteMeBody>>,
) -> Result<HttpResponse, ApiError> {
    // A missing body is refused in the use case, like one without the password.
    users.delete(&actor, Target::Me, password.flatten()).await?;
    Ok(HttpResponse::NoContent().finish())
}
