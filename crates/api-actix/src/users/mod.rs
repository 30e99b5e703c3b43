pub(crate) mod change_password;
pub(crate) mod create_user;
pub(crate) mod delete_me;
pub(crate) mod delete_user;
pub(crate) mod get_me;
pub(crate) mod get_user;
pub(crate) mod list_users;
pub(crate) mod update_me;
pub(crate) mod update_user;

mod values;

use chrono::NaiveDate;
use domain::users::{Birthday, User};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Time;

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: Uuid,
    #[schema(format = Email, example = "ada@example.com")]
    email: String,
    #[schema(required = true, example = "ada")]
    username: Option<String>,
    #[schema(required = true, example = "Ada Lovelace")]
    full_name: Option<String>,
    #[schema(required = true, example = "1990-12-10")]
    birthday: Option<NaiveDate>,
    #[schema(value_type = RoleBody)]
    role: &'static str,
    is_active: bool,
    email_verified: bool,
    created_at: Time,
    updated_at: Time,
    #[schema(required = true)]
    last_login: Option<Time>,
}

/// What a user may do.
#[derive(ToSchema)]
#[schema(as = Role, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the values in the OpenAPI document; domain::users::Role is what the code uses")]
pub(crate) enum RoleBody {
    User,
    Admin,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.id.as_uuid(),
            email: user.email.as_str().to_owned(),
            username: user.username.map(|username| username.as_str().to_owned()),
            full_name: user.full_name.map(|name| name.as_str().to_owned()),
            birthday: user.birthday.map(Birthday::as_date),
            role: user.role.as_str(),
            is_active: user.is_active,
            email_verified: user.email_verified,
            created_at: Time(user.created_at),
            updated_at: Time(user.updated_at),
            last_login: user.last_login.map(Time),
        }
    }
}
