use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use application::{Application, CreateUser};
use domain::passwords::Password;
use domain::users::{Birthday, Email, FullName, Profile, Role, Username};
use utoipa::ToSchema;

use super::{RoleBody, UserBody};
use crate::http::responses::{Body, Conflict, Forbidden, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientAddress, Fields, FromFields, GuardedIfKnown, Json};

/// A new account.
#[derive(ToSchema)]
#[schema(as = CreateUser, example = json!({"email": "ada@example.com", "password": "correct horse battery staple"}))]
pub(crate) struct CreateUserBody {
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Email,
    /// 8 to 256 characters, unless the operator set other bounds.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Password,
    #[schema(value_type = Option<String>, min_length = 3, max_length = 30, pattern = "^[A-Za-z0-9_-]+$")]
    username: Option<Username>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    full_name: Option<FullName>,
    #[schema(value_type = Option<chrono::NaiveDate>)]
    birthday: Option<Birthday>,
    /// For admins only.
    #[schema(value_type = RoleBody, required = false)]
    role: Option<Role>,
    /// For admins only.
    #[schema(value_type = bool, required = false)]
    is_active: Option<bool>,
}

impl FromFields for CreateUserBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", Email::parse);
        let password = fields.chosen_password("password");
        let username = fields.optional("username", Username::parse);
        let full_name = fields.optional("full_name", FullName::parse);
        let birthday = fields.birthday("birthday").flatten();
        let role = fields.change("role", Role::parse);
        let is_active = fields.boolean("is_active");
        Some(Self { email: email?, password: password?, username, full_name, birthday, role, is_active })
    }
}

/// Register.
///
/// Makes an account. Anyone may, while registration is open; an admin's token adds the right to choose role and
/// activity.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = CreateUserBody,
    responses(
        (status = 201, description = "The account was made.", body = UserBody,
            headers(("Location" = String, description = "Where the account is."))),
        Body, Unauthorized, Forbidden, Conflict, RateLimited, Unavailable),
    security((), ("bearer" = []), ("password" = [])))]
pub(crate) async fn create_user(
    application: web::Data<Application>,
    ClientAddress(address): ClientAddress,
    GuardedIfKnown { actor, input: Json(body) }: GuardedIfKnown<Json<CreateUserBody>>,
) -> Result<HttpResponse, ApiError> {
    let new = CreateUser {
        email: body.email,
        password: body.password,
        profile: Profile { username: body.username, full_name: body.full_name, birthday: body.birthday },
        role: body.role,
        is_active: body.is_active,
    };
    let user = application.users.create(actor.as_ref(), new, address).await?;
    let location = format!("/api/v1/users/{}", user.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(UserBody::from(user)))
}
