//! Addresses: how somebody proves that one is theirs, and how an account gets another.

mod change;
mod proof;
mod tokens;

use domain::keys::RootSecret;
use domain::one_time_tokens::{NewOneTimeToken, OneTimeToken, OneTimeTokenId, Purpose};
use domain::users::Email;
use domain::{Nonce, Timestamp};
use infra_security::HmacSha256;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tests::connect;
use uuid::Uuid;

use crate::app::{Answer, App, NEW_PASSWORD, PASSWORD, SECRET, Tokens};

const ME: &str = "/api/v1/users/me";
const MY_EMAIL: &str = "/api/v1/users/me/email";
const VERIFY: &str = "/api/v1/auth/verify-email";
const RESEND: &str = "/api/v1/auth/verify-email/resend";
const CONFIRM: &str = "/api/v1/auth/email-change/confirm";
const STOP: &str = "/api/v1/auth/email-change/stop";
const RESET: &str = "/api/v1/auth/password-reset";
const CONFIRM_RESET: &str = "/api/v1/auth/password-reset/confirm";
const SIGN_IN_BY_MAIL: [(&str, &str); 1] = [("APP_AUTH__EMAIL_SIGN_IN", "true")];

/// The routes that take what was mailed, with the purpose of each and what else its body needs.
fn redeeming() -> [(Purpose, &'static str, Value); 6] {
    [
        (Purpose::VerifyEmail, VERIFY, json!({})),
        (Purpose::ResetPassword, CONFIRM_RESET, json!({"new_password": NEW_PASSWORD})),
        (Purpose::ChangeEmail, CONFIRM, json!({})),
        (Purpose::StopEmailChange, STOP, json!({})),
        (Purpose::SignIn, "/api/v1/auth/email-sign-in/confirm", json!({})),
        (Purpose::Invitation, "/api/v1/auth/invitations/accept", json!({"new_password": NEW_PASSWORD})),
    ]
}

/// The route for a purpose, and what else its body needs.
fn route_for(purpose: Purpose) -> (&'static str, Value) {
    let (_, path, extra) = redeeming().into_iter().find(|(of, ..)| *of == purpose).unwrap();
    (path, extra)
}

/// What was mailed.
#[derive(Clone, Debug)]
pub(crate) struct Mailed {
    purpose: Purpose,
    email: String,
    pub(crate) token: String,
    pub(crate) code: String,
}

impl Mailed {
    /// What the last mail for this purpose to this address holds, computed from its row as the worker does.
    pub(crate) async fn last(app: &App, purpose: Purpose, email: &str) -> Option<Self> {
        let sql = format!(
            "SELECT id, nonce FROM one_time_tokens WHERE purpose = '{}' AND email_key = '{}' \
             ORDER BY created_at DESC, id DESC LIMIT 1",
            purpose.as_str(),
            email.to_lowercase(),
        );
        let connection = connect(&app.database_url).await;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.unwrap();
        connection.close().await.unwrap();
        let row = row?;
        let nonce: Vec<u8> = row.try_get("", "nonce").unwrap();
        let new = NewOneTimeToken {
            id: OneTimeTokenId::new(row.try_get::<Uuid>("", "id").unwrap()),
            purpose,
            user_id: None,
            email: Email::parse(email).unwrap(),
            proven: None,
            epoch: None,
            nonce: Nonce::new(nonce.try_into().unwrap()),
        };
        let row = OneTimeToken::issue(new, Timestamp::default());
        let mac = HmacSha256::new(&RootSecret::parse(SECRET).unwrap());
        let (token, code) = (row.token(&mac).expose().to_owned(), row.code(&mac).expose().to_owned());
        Some(Self { purpose, email: email.to_owned(), token, code })
    }

    /// Presents the token at a route.
    async fn link_at(&self, app: &App, (path, extra): (&str, Value)) -> Answer {
        app.post(path, with(extra, json!({"token": self.token}))).await
    }

    /// Presents the code at a route.
    async fn code_at(&self, app: &App, (path, extra): (&str, Value)) -> Answer {
        app.post(path, with(extra, json!({"email": self.email, "code": self.code}))).await
    }

    /// Presents the token where it belongs.
    async fn redeem(&self, app: &App) -> Answer {
        self.link_at(app, route_for(self.purpose)).await
    }
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn mailed(app: &App, purpose: Purpose, email: &str) -> Mailed {
    Mailed::last(app, purpose, email).await.unwrap_or_else(|| panic!("no {purpose:?} was mailed to {email}"))
}

async fn ask_for(app: &App, tokens: &Tokens, email: &str) -> Answer {
    app.send_as(&tokens.access, Method::PUT, MY_EMAIL, json!({"email": email, "current_password": PASSWORD})).await
}

/// What an answer says, without what is another in each.
fn said(answer: &Answer) -> (StatusCode, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let text = match serde_json::from_str::<Value>(&answer.text) {
        Ok(mut problem) => {
            problem.as_object_mut().unwrap().remove("request_id");
            problem.to_string()
        }
        Err(_) => answer.text.clone(),
    };
    (answer.status, headers, text)
}

async fn prove(app: &App, email: &str) {
    let answer = mailed(app, Purpose::VerifyEmail, email).await.redeem(app).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
}

/// Somebody whose address is proven, and who is signed in.
async fn proven(app: &App, email: &str) -> Tokens {
    let tokens = app.sign_up(email).await;
    prove(app, email).await;
    tokens
}
