use actix_web::{HttpResponse, web};
use application::Application;
use domain::passwords::Password;
use domain::users::UserId;
use utoipa::ToSchema;

use crate::http::responses::{Body, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Fields, FromFields, Guarded, Json};

/// A password for another user.
#[derive(ToSchema)]
#[schema(as = SetPassword, example = json!({"password": "staple battery horse correct"}))]
pub(crate) struct SetPasswordBody {
    /// 8 to 256 characters, unless the operator set other bounds.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Password,
}

impl FromFields for SetPasswordBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let password = fields.chosen_password("password");
        Some(Self { password: password? })
    }
}

/// Set a user's password.
///
/// Gives a user who forgot theirs another password, for admins. All tokens of the user are dead. An admin's own account
/// is refused with 403: it goes by `PUT /api/v1/users/me/password`, with the current password.
#[utoipa::path(put, path = "/api/v1/users/{id}/password", tag = "users", request_body = SetPasswordBody,
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 204, description = "The password was set, and all tokens of the user are dead."), Body,
        Unauthorized, Forbidden, NotFound, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn set_password(
    application: web::Data<Application>,
    Guarded { actor, input: AtId { id, input: Json(body) } }: Guarded<AtId<Json<SetPasswordBody>>>,
) -> Result<HttpResponse, ApiError> {
    application.passwords.set(&actor, UserId::new(id), body.password).await?;
    Ok(HttpResponse::NoContent().finish())
}
