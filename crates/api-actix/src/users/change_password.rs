use actix_web::{HttpResponse, web};
use application::{Application, ChangePassword};
use domain::passwords::Password;
use utoipa::ToSchema;

use crate::http::responses::{Body, Forbidden, Unauthorized, Unavailable};
use crate::http::{ApiError, Fields, FromFields, Guarded, Json};

/// A change of one's own password.
#[derive(ToSchema)]
#[schema(as = ChangePassword, example = json!({
    "current_password": "correct horse battery staple", "new_password": "staple battery horse correct"}))]
pub(crate) struct ChangePasswordBody {
    #[schema(value_type = String, format = Password, max_length = 1024)]
    current_password: Password,
    /// 8 to 256 characters, unless the operator set other bounds.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    new_password: Password,
}

impl FromFields for ChangePasswordBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let current_password = fields.required("current_password", Password::parse);
        let new_password = fields.chosen_password("new_password");
        Some(Self { current_password: current_password?, new_password: new_password? })
    }
}

/// Change the password.
///
/// Changes the user's password. All access tokens become void, so refresh next; all other sessions end.
#[utoipa::path(put, path = "/api/v1/users/me/password", tag = "users", request_body = ChangePasswordBody,
    responses((status = 204, description = "The password was changed."), Body, Unauthorized, Forbidden, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn change_password(
    application: web::Data<Application>,
    Guarded { actor, input: Json(body) }: Guarded<Json<ChangePasswordBody>>,
) -> Result<HttpResponse, ApiError> {
    let change = ChangePassword { current: body.current_password, new: body.new_password };
    application.passwords.change(&actor, change).await?;
    Ok(HttpResponse::NoContent().finish())
}
