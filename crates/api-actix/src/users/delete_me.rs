use actix_web::{HttpResponse, web};
use application::Target;
use application::users::Users;
use domain::passwords::Password;

use crate::fields::Required;
use crate::http::responses::{Body, Conflict, Forbidden, TooManyAttempts, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, OptionalJsonBody};

crate::fields! {
    /// The proof that it is the user who deletes their account.
    pub(crate) DeleteMeBody as "DeleteMe" -> Password {
        current_password: Required<Password>,
    }
    example {"current_password": "correct horse battery staple"}
    build current_password
}

/// Delete oneself.
///
/// Deletes the user's own account and everything that belongs to it. Needs the current password.
#[utoipa::path(delete, path = "/api/v1/users/me", tag = "users", request_body = DeleteMeBody,
    responses((status = 204, description = "The account is gone."), Body, Unauthorized, Forbidden, Conflict,
        TooManyAttempts, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn delete_me(
    users: web::Data<Users>,
    Guarded { actor, input: OptionalJsonBody(password) }: Guarded<OptionalJsonBody<DeleteMeBody>>,
) -> Result<HttpResponse, ApiError> {
    // A missing body is refused in the use case, like one without the password.
    users.delete(&actor, Target::Me, password).await?;
    Ok(HttpResponse::NoContent().finish())
}
