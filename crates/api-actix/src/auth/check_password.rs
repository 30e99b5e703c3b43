use actix_web::{HttpResponse, web};
use application::passwords::{PasswordCheck, Passwords};
use domain::passwords::{OwnWords, Password};
use domain::users::{Email, FullName, Profile, Username};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fields::{Optional, Required};
use crate::http::responses::{Body, RateLimited, Unavailable};
use crate::http::{ApiError, JsonBody};

crate::fields! {
    /// A password that somebody thinks of choosing, and what else they typed into the form.
    pub(crate) CheckPasswordBody as "CheckPassword" -> (Password, OwnWords) {
        password: Required<Password>,
        email: Optional<Email>,
        username: Optional<Username>,
        full_name: Optional<FullName>,
    }
    example {"password": "correct horse battery staple", "email": "ada@example.com"}
    build (password, OwnWords::of(email.as_ref(), &Profile { username, full_name, ..Profile::default() }))
}

/// What would come of choosing a password.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordCheck)]
pub(crate) struct PasswordCheckBody {
    /// Whether it would be taken.
    acceptable: bool,
    /// How hard it is to guess, from 0 to 4.
    #[schema(minimum = 0, maximum = 4, example = 4)]
    score: u8,
    /// What makes it easy to guess, and what would be better: whole sentences in English.
    advice: Vec<String>,
    /// Why it would be refused, as in the `errors` of the routes that take passwords. `null` where it would be taken.
    #[schema(required = true, example = json!(null))]
    code: Option<&'static str>,
}

impl From<PasswordCheck> for PasswordCheckBody {
    fn from(check: PasswordCheck) -> Self {
        Self {
            acceptable: check.refused.is_none(),
            score: check.strength.score.as_u8(),
            advice: check.strength.advice,
            code: check.refused.map(|refused| refused.fault.code),
        }
    }
}

/// Ask whether a password may be chosen.
///
/// Tells a form, while somebody types, what would come of choosing this password. It is looked at as where it is
/// chosen: its length, how hard it is to guess for somebody who knows the other fields, and, where the operator has
/// one, a list of passwords that became known. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/auth/password-check", tag = "auth", request_body = CheckPasswordBody,
    responses((status = 200, description = "What would come of it.", body = PasswordCheckBody), Body, RateLimited,
        Unavailable))]
pub(crate) async fn check_password(
    passwords: web::Data<Passwords>,
    JsonBody((password, words)): JsonBody<CheckPasswordBody>,
) -> Result<HttpResponse, ApiError> {
    let check = passwords.check(&password, words).await?;
    Ok(HttpResponse::Ok().json(PasswordCheckBody::from(check)))
}
