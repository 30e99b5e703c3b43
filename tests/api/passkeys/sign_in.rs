//! Signing in by a passkey, alone and after a password.

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey_types::Passkey as Stored;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use passkey_types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::{on_each_database, totp};
use url::Url;

use super::{CHALLENGE_OPTIONS, EMAIL, Holder, MY_OPTIONS, ORIGIN, SIGN_IN, ask, asked, finish, methods, register};
use crate::app::{App, PASSWORD};
use crate::letterbox::Post;
use crate::second_factors::{BY_TOTP, Enrolled};

on_each_database!(
    a_passkey_that_another_program_makes_signs_in_without_a_name,
    a_passkey_alone_is_two_factors_and_a_second_one_after_a_password,
    a_passkey_that_signs_in_makes_codes_of_apps_count_anew,
    a_reset_by_mail_leaves_the_second_factor,
);

/// Somebody who is there and shows their finger.
struct Finger;

#[async_trait]
impl UserValidationMethod for Finger {
    type PasskeyItem = Stored;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Stored>,
        _: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

/// C15, with an authenticator and a client that nobody here wrote.
async fn a_passkey_that_another_program_makes_signs_in_without_a_name(app: App) {
    let ada = app.sign_up(EMAIL).await;
    let origin = Url::parse(ORIGIN).unwrap();
    let authenticator = Authenticator::new(Aaguid::new_empty(), None::<Stored>, Finger, RustCryptoBackend);
    let mut client = Client::new(authenticator).allows_insecure_localhost(true);

    let asked_to_register = asked(&app.send_as(&ada.access, Method::POST, MY_OPTIONS, json!({})).await);
    let options = CredentialCreationOptions {
        public_key: serde_json::from_value(asked_to_register["public_key"].clone()).unwrap(),
    };
    let made = client.register(&origin, options, DefaultClientData).await.unwrap();
    let credential = serde_json::to_value(&made).unwrap();
    let registered = register(&app, &ada.access, &asked_to_register, "Vault", credential).await;
    assert_eq!(registered.status, StatusCode::CREATED, "{registered:?}");
    assert_eq!((&registered.json()["name"], &registered.json()["is_synced"]), (&json!("Vault"), &json!(true)));

    let asked_to_sign_in = ask(&app).await;
    let options = CredentialRequestOptions {
        public_key: serde_json::from_value(asked_to_sign_in["public_key"].clone()).unwrap(),
    };
    let shown = client.authenticate(&origin, options, DefaultClientData).await.unwrap();
    let body = json!({"ceremony": asked_to_sign_in["ceremony"], "credential": serde_json::to_value(&shown).unwrap()});
    let tokens = app.post(SIGN_IN, body).await.tokens();
    assert_eq!(app.me(&tokens.access).await.json()["email"], EMAIL);
    assert_eq!(methods(&tokens), json!(["pop", "user", "mfa"]));
}

async fn a_passkey_alone_is_two_factors_and_a_second_one_after_a_password(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    assert_eq!(methods(&ada.tokens), json!(["pwd", "pop", "user", "mfa"]));
    let codes = ada.registered["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 10, "the first factor comes with recovery codes");
    let alone = ada.sign_in(&app).await.tokens();
    assert_eq!(methods(&alone), json!(["pop", "user", "mfa"]));
    // A refresh copies it.
    assert_eq!(methods(&app.refresh(&alone.refresh).await.tokens()), json!(["pop", "user", "mfa"]));

    let refused = app.login(EMAIL, PASSWORD).await;
    refused.problem(403, "second_factor_required");
    assert_eq!(refused.json()["factors"], json!(["passkey", "recovery_code"]));
    let challenge = refused.json()["challenge"].clone();
    let options = asked(&app.post(CHALLENGE_OPTIONS, json!({"challenge": challenge})).await);
    let allowed = options["public_key"]["allowCredentials"][0]["id"].as_str().unwrap();
    assert_eq!(allowed, BASE64URL_NOPAD.encode(&ada.passkey.id));
    let both = finish(&app, &challenge, &ada.passkey).await.tokens();
    assert_eq!(methods(&both), json!(["pwd", "pop", "user", "mfa"]));
    // The challenge is spent.
    app.post(CHALLENGE_OPTIONS, json!({"challenge": challenge})).await.problem(400, "invalid_one_time_token");

    // Whoever lost it comes back with a recovery code.
    let challenge = app.login(EMAIL, PASSWORD).await.json()["challenge"].clone();
    let body = json!({"challenge": challenge, "code": codes[0]});
    assert_eq!(
        methods(&app.post("/api/v1/auth/challenge/recovery-code", body).await.tokens()),
        json!(["pwd", "recovery", "mfa"])
    );
    // The second one comes without.
    assert_eq!(Holder::with(&app, &both, "Key").await.registered["recovery_codes"], json!([]));
    let factors = app.get("/api/v1/users/me/factors", &ada.sign_in(&app).await.tokens().access).await.json();
    assert_eq!(factors["passkeys"].as_array().unwrap().len(), 2, "{factors}");
}

/// After too many wrong codes in a row, another factor is shown.
async fn a_passkey_that_signs_in_makes_codes_of_apps_count_anew(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let key = Holder::with(&app, &ada.tokens, "Key").await;
    let show = async |code: String| {
        let challenge = ada.challenge(&app).await;
        app.post(BY_TOTP, json!({"challenge": challenge, "code": code})).await
    };
    show(totp::wrong_code(&ada.secret)).await.problem(401, "invalid_second_factor");
    app.run_sql("UPDATE totp_attempts SET in_a_row = 100").await;
    show(ada.next_code(&app).await).await.problem(403, "totp_used_up");
    key.sign_in(&app).await.tokens();
    show(ada.next_code(&app).await).await.tokens();
}

/// A4.
async fn a_reset_by_mail_leaves_the_second_factor(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let ada = Holder::new(app, EMAIL).await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    let mail = post.mailed().await;
    assert_eq!(post.by_link(&mail, crate::app::NEW_PASSWORD).await.status, StatusCode::NO_CONTENT);
    app.login(EMAIL, crate::app::NEW_PASSWORD).await.problem(403, "second_factor_required");
    ada.sign_in(app).await.tokens();
}
