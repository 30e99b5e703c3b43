use actix_web::{HttpResponse, web};
use application::{Application, Target, UserChange};
use domain::passwords::Password;
use domain::users::{Birthday, Email, FullName, ProfileChange, Role, UserId, Username};
use utoipa::ToSchema;

use super::{RoleBody, UserBody};
use crate::http::responses::{Body, Conflict, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Fields, FromFields, Guarded, Json};

/// What to change of an account: a field that is absent stays, one that is `null` is cleared.
#[derive(ToSchema)]
#[schema(as = UpdateUser, example = json!({"full_name": "Ada King", "birthday": null}))]
pub(crate) struct UpdateUserBody {
    /// A new address is not verified. The user's own changes only with `current_password`.
    #[schema(value_type = String, required = false, format = Email, max_length = 254)]
    email: Option<Email>,
    #[schema(value_type = Option<String>, min_length = 3, max_length = 30, pattern = "^[A-Za-z0-9_-]+$")]
    username: Option<Option<Username>>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    full_name: Option<Option<FullName>>,
    #[schema(value_type = Option<chrono::NaiveDate>)]
    birthday: Option<Option<Birthday>>,
    /// For admins, and not of their own account under `/users/me`.
    #[schema(value_type = RoleBody, required = false)]
    role: Option<Role>,
    /// For admins, and not of their own account under `/users/me`.
    #[schema(value_type = bool, required = false)]
    is_active: Option<bool>,
    /// The user's own, to change their own email. It ends their other sessions.
    #[schema(value_type = String, required = false, format = Password, max_length = 1024)]
    current_password: Option<Password>,
}

impl FromFields for UpdateUserBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            email: fields.change("email", Email::parse),
            username: fields.clearable("username", Username::parse),
            full_name: fields.clearable("full_name", FullName::parse),
            birthday: fields.birthday("birthday"),
            role: fields.change("role", Role::parse),
            is_active: fields.boolean("is_active"),
            current_password: fields.change("current_password", Password::parse),
        })
    }
}

impl From<UpdateUserBody> for UserChange {
    fn from(body: UpdateUserBody) -> Self {
        Self {
            email: body.email,
            profile: ProfileChange { username: body.username, full_name: body.full_name, birthday: body.birthday },
            role: body.role,
            is_active: body.is_active,
            current_password: body.current_password,
        }
    }
}

/// Change a user.
///
/// Changes an account, for admins. PUT does the same. Disabling ends the user's sessions; another role voids their
/// access tokens. Of the admin's own account, the email changes only with their current password.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users",
    request_body = UpdateUserBody, params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The account as it is now.", body = UserBody), Body, Unauthorized, Forbidden,
        NotFound, Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn update_user(
    application: web::Data<Application>,
    Guarded { actor, input: AtId { id, input: Json(body) } }: Guarded<AtId<Json<UpdateUserBody>>>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::User(UserId::new(id));
    let user = application.users.update(&actor, target, body.into()).await?;
    Ok(HttpResponse::Ok().json(UserBody::from(user)))
}
