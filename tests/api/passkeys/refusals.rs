//! What is said of a passkey that is wrong, of another shape, or off.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;
use tests::soft_passkey::SoftPasskey;

use super::{
    CHALLENGE_OPTIONS, EMAIL, Holder, MINE, MY_OPTIONS, OPTIONS, ORIGIN, SIGN_IN, STEP_UP, STEP_UP_OPTIONS, ask, asked,
    presented, register,
};
use crate::app::{Answer, App};
use crate::letterbox::count;

on_each_database!(whatever_is_wrong_the_answer_is_the_same, credentials_of_another_shape_are_faults);

/// C9.
async fn whatever_is_wrong_the_answer_is_the_same(app: App) {
    let mut ada = Holder::new(&app, EMAIL).await;
    let grace = Holder::new(&app, "grace@example.com").await;
    let mut answers = Vec::new();
    // Ada's credential, with the handle of Grace, or none at all.
    let own = ada.passkey.user_handle.take();
    answers.push(ada.sign_in(&app).await);
    ada.passkey.user_handle.clone_from(&grace.passkey.user_handle);
    answers.push(ada.sign_in(&app).await);
    ada.passkey.user_handle = own;
    // An id that nobody has, and Grace's.
    let id = std::mem::replace(&mut ada.passkey.id, vec![7; 32]);
    answers.push(ada.sign_in(&app).await);
    ada.passkey.id.clone_from(&grace.passkey.id);
    answers.push(ada.sign_in(&app).await);
    ada.passkey.id = id;
    // Not one of the account that was named, known or not.
    for name in ["grace@example.com", "nobody@example.com", "\u{202e}"] {
        let asked = asked(&app.post(OPTIONS, json!({"username": name})).await);
        answers.push(app.post(SIGN_IN, presented(&asked, &ada.passkey)).await);
    }
    ada.passkey.origin = "https://evil.test".to_owned();
    answers.push(ada.sign_in(&app).await);
    ada.passkey.origin = ORIGIN.to_owned();
    // A disabled account, and one that is gone.
    app.run_sql("UPDATE users SET is_active = false WHERE email = 'ada@example.com'").await;
    answers.push(ada.sign_in(&app).await);
    app.run_sql("UPDATE users SET is_active = true").await;
    assert_eq!(ada.sign_in(&app).await.status, StatusCode::OK);
    let asked = asked(&app.post(OPTIONS, json!({"username": EMAIL.to_uppercase()})).await);
    app.post(SIGN_IN, presented(&asked, &ada.passkey)).await.tokens();
    app.run_sql("DELETE FROM users WHERE email = 'ada@example.com'").await;
    answers.push(ada.sign_in(&app).await);
    let without_id = |answer: &Answer| {
        answer.problem(401, "invalid_passkey");
        let mut problem = answer.json();
        problem["request_id"] = Value::Null;
        problem
    };
    let seen: Vec<_> = answers.iter().map(without_id).collect();
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    assert!(count(&app, "events WHERE kind = 'login.failed'").await >= 8);
}

async fn credentials_of_another_shape_are_faults(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let asked = ask(&app).await;
    let good = presented(&asked, &ada.passkey);
    let faults = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        app.post(SIGN_IN, body)
    };
    for (pointer, value, fault) in [
        ("/ceremony", json!("nonsense"), "ceremony:invalid_id"),
        ("/credential", json!("text"), "credential:wrong_type"),
        ("/credential", json!({}), "credential.id:required"),
        ("/credential/id", json!("AAAA"), "credential.id:invalid_credential_id"),
        ("/credential/id", json!("+/+/"), "credential.id:invalid_base64url"),
        ("/credential/response", json!([]), "credential.response:wrong_type"),
        ("/credential/response/signature", json!(7), "credential.response.signature:wrong_type"),
        ("/credential/response/signature", json!("AAAA=="), "credential.response.signature:invalid_base64url"),
        ("/credential/response/authenticatorData", json!(null), "credential.response.authenticatorData:wrong_type"),
    ] {
        let found = faults(pointer, value).await.problem(422, "validation_failed");
        assert!(found.iter().any(|it| it == fault), "{found:?} without {fault}");
    }
    // What is there may be nonsense: then it is a wrong passkey, and the challenge is spent.
    for name in ["signature", "authenticatorData", "clientDataJSON"] {
        let mut body = presented(&ask(&app).await, &ada.passkey);
        body["credential"]["response"][name] = json!("");
        app.post(SIGN_IN, body).await.problem(401, "invalid_passkey");
    }
    // What standards add is ignored.
    let mut body = good.clone();
    body["credential"]["later"] = json!({"than": ["level", 3]});
    body["credential"]["response"]["later"] = json!(1);
    app.post(SIGN_IN, body).await.tokens();
}

/// In production there are passkeys only where they are configured.
#[tokio::test(flavor = "multi_thread")]
async fn passkeys_are_off_until_they_are_configured() {
    let production = [("APP_ENV", "production"), ("APP_JWT__ISSUER", "https://auth.example.com")];
    let app = App::sqlite_with(&production).await;
    let ada = app.sign_up(EMAIL).await;
    let id = "0199c4a3-0000-7000-8000-000000000000";
    let data = json!({"clientDataJSON": "AAAA", "attestationObject": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA"});
    let of = |members: &[&str]| {
        let response: serde_json::Map<_, _> =
            members.iter().map(|name| ((*name).to_owned(), data[name].clone())).collect();
        json!({"id": "A".repeat(22), "type": "public-key", "response": response})
    };
    let shown = json!({"ceremony": id, "credential": of(&["clientDataJSON", "authenticatorData", "signature"])});
    let made = json!({"ceremony": id, "name": "Key", "credential": of(&["clientDataJSON", "attestationObject"])});
    for (path, body) in [
        (OPTIONS, json!({})),
        (SIGN_IN, shown.clone()),
        (CHALLENGE_OPTIONS, json!({"challenge": "hxc_"})),
        (MY_OPTIONS, json!({})),
        (MINE, made),
        (STEP_UP_OPTIONS, json!({})),
        (STEP_UP, json!({"passkey": shown})),
    ] {
        let refused = app.send_as(&ada.access, Method::POST, path, body).await;
        refused.problem(404, "passkeys_off");
        assert!(refused.text.contains("Passkeys are off"), "{path}: {refused:?}");
    }
    let settings = [
        ("APP_WEBAUTHN__RP_ID", "example.com"),
        (
            "APP_WEBAUTHN__ORIGINS",
            "https://app.example.com,android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck",
        ),
    ];
    let app = App::sqlite_with(&[&production[..], &settings].concat()).await;
    let ada = app.sign_up(EMAIL).await;
    let asked = asked(&app.send_as(&ada.access, Method::POST, MY_OPTIONS, json!({})).await);
    assert_eq!(asked["public_key"]["rp"]["id"], "example.com");
    for (origin, status) in [("https://example.com", 403), ("https://app.example.com", 201)] {
        let asked = self::asked(&app.send_as(&ada.access, Method::POST, MY_OPTIONS, json!({})).await);
        let (_, credential) = SoftPasskey::create(&asked["public_key"], origin);
        assert_eq!(register(&app, &ada.access, &asked, "Phone", credential).await.status, status, "{origin}");
    }
}
