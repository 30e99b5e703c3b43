//! How somebody proves that an address is theirs, and what tells that it is proven.

use domain::one_time_tokens::Purpose;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use super::{Mailed, RESEND, VERIFY, mailed, route_for, said};
use crate::app::{App, PASSWORD, Tokens, send};
use crate::letterbox::{Post, is_refused};

on_each_database!(
    whoever_registers_proves_their_address,
    an_admin_vouches_for_an_address_or_has_it_proven,
    access_tokens_say_whether_the_address_is_proven_where_they_are_asked_to,
);

async fn whoever_registers_proves_their_address(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let register = app.request(Method::POST, "/api/v1/users").header("accept-language", "de");
    let made = send(register.json(&json!({"email": "Ada@example.com", "password": PASSWORD}))).await;
    assert_eq!((made.status, &made.json()["email_verified"]), (StatusCode::CREATED, &json!(false)));
    let [mail] = &post.wait_for("verify_email", 1).await[..] else { unreachable!() };
    assert!(mail.text.contains("To: Ada@example.com") && mail.text.contains("=?utf-8?"));
    let ada = app.sign_in("ada@example.com").await;
    // By the code, in whatever case; a wrong one says no more than a used one.
    let wrong = app.post(VERIFY, json!({"email": "ada@example.com", "code": "2222-2222"})).await;
    assert!(is_refused(&wrong), "{wrong:?}");
    let body = json!({"email": "ada@EXAMPLE.com", "code": mail.code.to_lowercase().replace('-', " ")});
    assert_eq!(app.post(VERIFY, body.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(said(&app.post(VERIFY, body).await), said(&wrong));
    assert_eq!(app.me(&ada.access).await.json()["email_verified"], true);
    // By the link of another mail, which voids the code of the first, but not its link.
    let eve = app.sign_up("eve@example.com").await;
    let first = mailed(app, Purpose::VerifyEmail, "eve@example.com").await;
    // Whoever tries to register it, too, uses up no mail of hers.
    for _ in 0..4 {
        app.register("eve@example.com").await.problem(409, "duplicate");
    }
    assert_eq!(app.post(RESEND, json!({"email": "EVE@example.com"})).await.status, StatusCode::ACCEPTED);
    let second = mailed(app, Purpose::VerifyEmail, "eve@example.com").await;
    assert_ne!(first.token, second.token);
    assert!(is_refused(&first.code_at(app, route_for(Purpose::VerifyEmail)).await));
    assert_eq!(first.redeem(app).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&second.redeem(app).await));
    assert_eq!(app.me(&eve.access).await.json()["email_verified"], true);
    // Whose is proven gets no more of them.
    let verified = Mailed::last(app, Purpose::VerifyEmail, "eve@example.com").await.unwrap();
    assert_eq!(app.post(RESEND, json!({"email": "eve@example.com"})).await.status, StatusCode::ACCEPTED);
    assert_eq!(mailed(app, Purpose::VerifyEmail, "eve@example.com").await.token, verified.token);
    for body in [json!({}), json!({"email": "ada@example.com"}), json!({"token": "x", "code": "ABCD-EFGH"})] {
        assert_eq!(app.post(VERIFY, body).await.problem(422, "validation_failed"), ["token:required"]);
    }
}

async fn an_admin_vouches_for_an_address_or_has_it_proven(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    let make = |email: &str, said: Option<bool>| {
        let body = json!({"email": email, "password": PASSWORD, "email_verified": said});
        app.send_as(&root.access, Method::POST, "/api/v1/users", body)
    };
    for (email, said) in
        [("one@example.com", None), ("two@example.com", Some(false)), ("three@example.com", Some(true))]
    {
        let made = make(email, said).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        assert_eq!(made.json()["email_verified"], said == Some(true));
        assert_eq!(Mailed::last(app, Purpose::VerifyEmail, email).await.is_some(), said != Some(true));
        // Another address is proven only if the admin says so, and the flag alone can be changed, too.
        let path = made.header("location").to_owned();
        let change = |body: Value| app.send_as(&root.access, Method::PATCH, &path, body);
        let vouched = change(json!({"email_verified": true})).await;
        assert_eq!((vouched.status, &vouched.json()["email_verified"]), (StatusCode::OK, &json!(true)));
        let moved = change(json!({"email": format!("new-{email}")})).await;
        assert_eq!((moved.status, &moved.json()["email_verified"]), (StatusCode::OK, &json!(false)));
        let moved = change(json!({"email": format!("newer-{email}"), "email_verified": true})).await;
        assert_eq!((moved.status, &moved.json()["email_verified"]), (StatusCode::OK, &json!(true)));
    }
    // The proven address of each was told.
    let told = post.wait_for("email_changed", 3).await;
    for email in ["one@example.com", "two@example.com", "three@example.com"] {
        assert!(told.iter().any(|mail| mail.text.contains(&format!("To: {email}"))), "{email}");
    }
    // Nobody else says so.
    let body = json!({"email": "eve@example.com", "password": PASSWORD, "email_verified": true});
    app.post("/api/v1/users", body.clone()).await.problem(403, "forbidden");
    let ada = app.sign_up("ada@example.com").await;
    app.send_as(&ada.access, Method::POST, "/api/v1/users", body).await.problem(403, "forbidden");
}

/// The claims of an access token.
fn claims(tokens: &Tokens) -> Value {
    let part = tokens.access.split('.').nth(1).unwrap();
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

async fn access_tokens_say_whether_the_address_is_proven_where_they_are_asked_to(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    assert!(claims(&ada).get("email_verified").is_none());
    let node = app.another_node(&[("APP_JWT__CLAIMS", "email_verified")]).await;
    let before = node.refresh(&ada.refresh).await.tokens();
    assert_eq!(claims(&before)["email_verified"], false);
    node.run_sql("UPDATE users SET email_verified = true").await;
    let after = node.refresh(&before.refresh).await.tokens();
    assert_eq!(claims(&after)["email_verified"], true);
    // Every node takes every token.
    for (node, tokens) in [(&node, &ada), (&node, &after), (&app, &before), (&app, &after)] {
        assert_eq!(node.me(&tokens.access).await.status, StatusCode::OK);
    }
}
