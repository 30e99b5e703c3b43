use actix_web::{HttpResponse, web};
use application::Target;
use application::users::Users;
use domain::passwords::Password;
use domain::users::UserId;

use crate::fields::Optional;
use crate::http::responses::{Body, Conflict, Forbidden, NotFound, TooManyAttempts, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, OptionalJsonBody};

crate::fields! {
    /// The proof that it is the admin who deletes their own account.
    pub(crate) DeleteUserBody as "DeleteUser" -> Option<Password> {
        /// Needed for the admin's own account only.
        current_password: Optional<Password>,
    }
    example {"current_password": "correct horse battery staple"}
    build current_password
}

/// Delete a user.
///
/// Deletes an account and everything that belongs to it, for admins. The admin's own account needs their current
/// password, and anybody else's a recent proof of the admin: otherwise 403 `step_up_required`.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users",
    params(("id" = Uuid, Path, description = "The user.")),
    request_body(content = DeleteUserBody, description = "For the admin's own account only."),
    responses((status = 204, description = "The account is gone."), Body, Unauthorized, Forbidden, NotFound, Conflict,
        TooManyAttempts, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn delete_user(
    users: web::Data<Users>,
    Guarded { actor, input: AtId { id, input: OptionalJsonBody(password) } }: Guarded<
        AtId<OptionalJsonBody<DeleteUserBody>>,
    >,
) -> Result<HttpResponse, ApiError> {
    let target = Target::User(UserId::new(id));
    users.delete(&actor, target, password.flatten()).await?;
    Ok(HttpResponse::NoContent().finish())
}
