use actix_web::{HttpResponse, web};
use application::{Application, Login};
use domain::ValidationError;
use domain::passwords::Password;
use utoipa::ToSchema;

use super::{TokenPairBody, answer};
use crate::http::responses::{Body, Forbidden, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientDevice, Fields, FormOrJson, FromFields};

/// Longest sign-in name that is looked at, in bytes. No email and no username is longer.
const MAX_IDENTIFIER_BYTES: usize = 320;

/// Name and password, as a form (RFC 6749, section 4.3.2) or as JSON. Of the form's other fields, `grant_type` must be
/// `password` where it is given; `scope`, `client_id` and `client_secret` are let through and not used.
#[derive(ToSchema)]
#[schema(as = Login, example = json!({"username": "ada@example.com", "password": "correct horse battery staple"}))]
pub(crate) struct LoginBody {
    /// Email or username.
    #[schema(max_length = 320)]
    username: String,
    /// The password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Password,
}

impl FromFields for LoginBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let username = fields.required("username", identifier);
        let password = fields.required("password", Password::parse);
        fields.optional("grant_type", grant_type);
        ["scope", "client_id", "client_secret"].into_iter().for_each(|name| fields.ignore(name));
        Some(Self { username: username?, password: password? })
    }
}

fn identifier(text: &str) -> Result<String, ValidationError> {
    if text.is_empty() {
        return Err(ValidationError::new("too_short", "A sign-in name must not be empty."));
    }
    if text.len() > MAX_IDENTIFIER_BYTES {
        return Err(ValidationError::new("too_long", "A sign-in name must have at most 320 bytes."));
    }
    if text.contains('\0') {
        return Err(ValidationError::new("control_character", "A sign-in name must not have a NUL character."));
    }
    Ok(text.to_owned())
}

/// Some clients send it empty.
fn grant_type(text: &str) -> Result<(), ValidationError> {
    match text {
        "" | "password" => Ok(()),
        _ => Err(ValidationError::new("unsupported_grant_type", "The grant type must be 'password'.")),
    }
}

/// Sign in.
///
/// Starts a session. A wrong password and an unknown user get the same answer after the same time.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth",
    request_body(content((LoginBody = "application/x-www-form-urlencoded"), (LoginBody = "application/json"))),
    responses((status = 200, description = "A session has begun.", body = TokenPairBody), Body, Unauthorized, Forbidden,
        RateLimited, Unavailable))]
pub(crate) async fn login(
    application: web::Data<Application>,
    ClientDevice(device): ClientDevice,
    FormOrJson(body): FormOrJson<LoginBody>,
) -> Result<HttpResponse, ApiError> {
    let login = Login { identifier: body.username, password: body.password, device };
    Ok(answer(&application.sign_in.with_password(login).await?))
}
