use actix_web::{HttpResponse, web};
use application::{Application, Target};
use domain::passwords::Password;
use utoipa::ToSchema;

use crate::http::responses::{Body, Conflict, Forbidden, Unauthorized, Unavailable};
use crate::http::{ApiError, Fields, FromFields, Guarded, OptionalJson};

/// The proof that it is the user who deletes their account.
#[derive(ToSchema)]
#[schema(as = DeleteUser, example = json!({"current_password": "correct horse battery staple"}))]
pub(crate) struct DeleteUserBody {
    #[schema(value_type = String, format = Password, max_length = 1024)]
    current_password: Password,
}

impl FromFields for DeleteUserBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let current_password = fields.required("current_password", Password::parse);
        Some(Self { current_password: current_password? })
    }
}

impl DeleteUserBody {
    /// The password, where there was a body.
    pub(super) fn password(body: Option<Self>) -> Option<Password> {
        body.map(|body| body.current_password)
    }
}

/// Delete oneself.
///
/// Deletes the user's own account and all that belongs to it. Needs the current password.
#[utoipa::path(delete, path = "/api/v1/users/me", tag = "users", request_body = DeleteUserBody,
    responses((status = 204, description = "The account is gone."), Body, Unauthorized, Forbidden, Conflict,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn delete_me(
    application: web::Data<Application>,
    Guarded { actor, input: OptionalJson(body) }: Guarded<OptionalJson<DeleteUserBody>>,
) -> Result<HttpResponse, ApiError> {
    // No body at all is refused in the use case, as one without the password is.
    application.users.delete(&actor, Target::Me, DeleteUserBody::password(body)).await?;
    Ok(HttpResponse::NoContent().finish())
}
