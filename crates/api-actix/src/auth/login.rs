use actix_web::{HttpResponse, web};
use application::sign_in::Login;
use application::sign_in::SignIn;
use domain::ValidationError;
use domain::passwords::Password;

use super::{TokenPairBody, tokens};
use crate::fields::{Form, Ignored, Optional, Required, TextShape, TextValue};
use crate::http::responses::{Body, Forbidden, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientDevice, FormOrJsonBody};

/// Longest sign-in name that is looked at, in bytes. No email and no username is longer.
const MAX_IDENTIFIER_BYTES: usize = 320;

crate::fields! {
    /// Name and password. Of the fields that OAuth clients send besides (RFC 6749, section 4.3.2), `grant_type` must be
    /// `password` where it is given; `scope`, `client_id` and `client_secret` are accepted and not used.
    pub(crate) LoginBody as "Login" -> (String, Password) {
        /// Email or username.
        username: Required<Identifier>,
        /// The password.
        password: Required<Password>,
        grant_type: Optional<GrantType>,
        scope: Ignored,
        client_id: Ignored,
        client_secret: Ignored,
    }
    example {"username": "ada@example.com", "password": "correct horse battery staple"}
    build {
        let _ = (grant_type, scope, client_id, client_secret);
        (username.0, password)
    }
}

pub(crate) type LoginForm = Form<LoginBody>;

/// What somebody signs in with.
pub(crate) struct Identifier(pub(crate) String);

impl TextValue for Identifier {
    const SHAPE: TextShape = TextShape::without_nul(MAX_IDENTIFIER_BYTES);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        if text.is_empty() {
            return Err(ValidationError::new("too_short", "A sign-in name must not be empty."));
        }
        if text.len() > MAX_IDENTIFIER_BYTES {
            return Err(ValidationError::new("too_long", "A sign-in name must have at most 320 bytes."));
        }
        if text.contains('\0') {
            return Err(ValidationError::new("control_character", "A sign-in name must not have a NUL character."));
        }
        Ok(Self(text.to_owned()))
    }
}

struct GrantType;

impl TextValue for GrantType {
    // Some clients send it empty.
    const SHAPE: TextShape = TextShape::ANY.pattern("^(password)?$");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        match text {
            "" | "password" => Ok(Self),
            _ => Err(ValidationError::new("unsupported_grant_type", "The grant type must be 'password'.")),
        }
    }
}

/// Sign in.
///
/// Starts a session. A wrong password and an unknown user get the same response after the same time. An account with a
/// second factor gets 403 `second_factor_required`, with what to go on with: `challenge`, `factors` and `expires_in`.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth",
    request_body(content((LoginForm = "application/x-www-form-urlencoded"), (LoginBody = "application/json"))),
    responses((status = 200, description = "A session has begun.", body = TokenPairBody), Body, Unauthorized, Forbidden,
        RateLimited, Unavailable))]
pub(crate) async fn login(
    sign_in: web::Data<SignIn>,
    ClientDevice(device): ClientDevice,
    FormOrJsonBody((identifier, password)): FormOrJsonBody<LoginBody>,
) -> Result<HttpResponse, ApiError> {
    let login = Login { identifier, password, device };
    Ok(tokens(&sign_in.with_password(login).await?))
}
