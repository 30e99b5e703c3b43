//! No path to a session leads around the account's status: disabled, throttled and unverified, by each grant and flow,
//! also by one that was begun before.

use domain::one_time_tokens::Purpose;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD, send};
use crate::post::{Post, count};
use crate::registration::last_token;

on_each_database!(
    no_way_leads_to_a_session_of_an_account_that_may_have_none,
    a_refused_sign_in_is_counted_by_its_reason
);

const EMAIL: &str = "ada@example.com";

/// Why an account may have no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Disabled,
    Throttled,
    Unverified,
}

/// A way to a session.
#[derive(Clone, Copy, Debug)]
enum Way {
    Json,
    Form,
    OAuth,
    /// By a code that was mailed before the account came to its state.
    MailedCode,
    /// Likewise by a link.
    MailedLink,
}

impl Way {
    async fn go(self, app: &App, code: &str, token: &str) -> Answer {
        let login = "/api/v1/auth/login";
        let fields = [("grant_type", "password"), ("username", EMAIL), ("password", PASSWORD)];
        match self {
            Self::Json => app.login(EMAIL, PASSWORD).await,
            Self::Form => send(app.request(Method::POST, login).form(&fields)).await,
            Self::OAuth => send(app.request(Method::POST, "/oauth2/token").form(&fields)).await,
            Self::MailedCode => confirm(app, json!({"email": EMAIL, "code": code})).await,
            Self::MailedLink => confirm(app, json!({"token": token})).await,
        }
    }
}

async fn confirm(app: &App, body: serde_json::Value) -> Answer {
    app.post("/api/v1/auth/email-sign-in/confirm", body).await
}

async fn no_way_leads_to_a_session_of_an_account_that_may_have_none(first: App) {
    let settings = [("APP_AUTH__EMAIL_SIGN_IN", "true"), ("APP_REGISTRATION__MODE", "verified")];
    first.register(EMAIL).await;
    let post = Post::with(first, &settings).await;
    let app = &post.app;
    for state in [State::Disabled, State::Throttled, State::Unverified] {
        for way in [Way::Json, Way::Form, Way::OAuth, Way::MailedCode, Way::MailedLink] {
            app.run_sql("UPDATE users SET is_active = true, email_verified = true").await;
            for table in ["attempts", "refresh_tokens", "one_time_tokens"] {
                app.run_sql(&format!("DELETE FROM {table}")).await;
            }
            // The flow is begun while all is well.
            let mails = post.mails("sign_in").len();
            app.post("/api/v1/auth/email-sign-in", json!({"email": EMAIL})).await;
            let code = post.wait_for("sign_in", mails + 1).await.pop().unwrap().code;
            let token = last_token(app, Purpose::SignIn, EMAIL).await;
            let (status, error) = match (state, way) {
                (State::Disabled, Way::OAuth) => (StatusCode::BAD_REQUEST, "account_disabled"),
                (State::Disabled, _) => (StatusCode::FORBIDDEN, "account_disabled"),
                (State::Throttled, Way::MailedCode) => (StatusCode::BAD_REQUEST, "invalid_one_time_token"),
                (State::Unverified, Way::OAuth) => (StatusCode::BAD_REQUEST, "email_not_verified"),
                (State::Unverified, Way::Json | Way::Form) => (StatusCode::FORBIDDEN, "email_not_verified"),
                // What was mailed proves the address; and nobody can use up the link of another.
                (_, Way::MailedCode | Way::MailedLink) => (StatusCode::OK, ""),
                (State::Throttled, _) => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"),
            };
            match state {
                State::Disabled => app.run_sql("UPDATE users SET is_active = false").await,
                State::Unverified => app.run_sql("UPDATE users SET email_verified = false").await,
                State::Throttled => {
                    for _ in 0..10 {
                        app.login(EMAIL, "wrong").await;
                        confirm(app, json!({"email": EMAIL, "code": "2222-2222"})).await;
                    }
                }
            }
            let answer = way.go(app, &code, &token).await;
            assert_eq!(answer.status, status, "{state:?} {way:?}: {answer:?}");
            let sessions = count(app, "refresh_tokens").await;
            if status == StatusCode::OK {
                assert_eq!(sessions, 1, "{state:?} {way:?}");
                // The password is gone: another for the rest of the table.
                set_password(app).await;
            } else {
                assert_eq!((answer.json()["code"].as_str(), sessions), (Some(error), 0), "{state:?} {way:?}");
            }
        }
    }
}

/// Gives the account [`PASSWORD`] again.
async fn set_password(app: &App) {
    app.run_sql("UPDATE users SET email_verified = true").await;
    app.run_sql("DELETE FROM attempts").await;
    app.post("/api/v1/auth/password-reset", json!({"email": EMAIL})).await;
    let token = last_token(app, Purpose::ResetPassword, EMAIL).await;
    let body = json!({"token": token, "new_password": PASSWORD});
    assert_eq!(app.post("/api/v1/auth/password-reset/confirm", body).await.status, StatusCode::NO_CONTENT);
}

async fn a_refused_sign_in_is_counted_by_its_reason(first: App) {
    first.register(EMAIL).await;
    let settings = [("APP_REGISTRATION__MODE", "verified"), ("APP_METRICS__ADDR", "127.0.0.1:0")];
    let post = Post::with(first, &settings).await;
    post.app.login(EMAIL, PASSWORD).await.problem(403, "email_not_verified");
    let metrics = reqwest::get(post.app.metrics_url.as_ref().unwrap()).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("hexauth_sign_ins_total{outcome=\"unverified\"} 1"), "{metrics}");
    assert_eq!(count(&post.app, "events WHERE kind = 'login.refused_unverified'").await, 1);
}
