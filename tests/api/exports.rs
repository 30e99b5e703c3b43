//! Whoever asks gets what is held about them, and nobody else's, and no secret.

use reqwest::Method;
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{App, PASSWORD};
use crate::providers::{Setup, link, linking_code};
use crate::second_factors::Enrolled;

on_each_database!(everything_about_a_user_and_nobody_else_is_in_an_export_but_no_secret);

const EXPORT: &str = "/api/v1/users/me/export";

async fn everything_about_a_user_and_nobody_else_is_in_an_export_but_no_secret(first: App) {
    let setup = Setup::with(&first, &[("APP_MAIL__TRANSPORT", "log")]).await;
    let app = &setup.app;
    let root = app.admin("root@example.com").await;
    let enrolled = Enrolled::new(&first, "ada@example.com").await;
    let ada = enrolled.tokens.clone();
    for (user, subject) in [(&ada, "hers"), (&root, "another's")] {
        setup.idp.says(json!({"sub": subject, "email": format!("{subject}@example.org")}));
        let linked = link(&setup, user, &linking_code(&setup, user).await).await;
        assert_eq!(linked.status, 201, "{linked:?}");
    }
    let ended = enrolled.sign_in(app).await;
    app.send_as(&ended.access, Method::POST, "/api/v1/auth/logout", json!({})).await;
    for (user, title) in [(&ada, "Buy milk"), (&root, "Rule the world")] {
        app.send_as(&user.access, Method::POST, "/api/v1/tasks", json!({"title": title})).await;
    }
    app.post("/api/v1/auth/password-reset", json!({"email": "ada@example.com"})).await;
    app.login("ada@example.com", "wrong").await;

    app.request(Method::GET, EXPORT).send().await.map(|answer| assert_eq!(answer.status(), 401)).unwrap();
    let answer = app.get(EXPORT, &ada.access).await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"export.json\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    let export = answer.json();
    assert_eq!(export["user"], app.me(&ada.access).await.json());
    assert_eq!((&export["has_password"], &export["left_out"]), (&json!(true), &json!([])));
    let column = |list: &str, member: &str| -> Vec<Value> {
        export[list].as_array().unwrap().iter().map(|one| one[member].clone()).collect()
    };
    assert_eq!((column("totp", "name"), &export["recovery_codes_left"]), (vec![json!("Phone")], &json!(10)));
    let linked = column("identities", "subject").into_iter().chain(column("identities", "issuer")).collect::<Vec<_>>();
    assert_eq!(linked, [json!("hers"), json!(setup.idp.url)]);
    let ends = column("sessions", "ended_for");
    assert!(ends.len() == 2 && ends.contains(&json!("logout")) && ends.contains(&Value::Null), "{ends:?}");
    let events = column("events", "kind");
    for kind in ["user.created", "login.succeeded", "login.failed", "sessions.ended", "password.reset_requested"] {
        assert!(events.contains(&json!(kind)), "{kind} {events:?}");
    }
    assert_eq!(column("one_time_tokens", "purpose"), [json!("reset_password"), json!("second_factor")]);
    assert_eq!(column("mails", "kind"), [json!("reset_password")]);
    assert!(column("attempts", "kind").contains(&json!("password")), "{export}");
    assert_eq!(column("tasks", "title"), [json!("Buy milk")]);

    let text = answer.text;
    for secret in [
        PASSWORD,
        &enrolled.secret,
        &enrolled.recovery_codes[0],
        &ada.access,
        &ada.refresh,
        &ended.refresh,
        "argon2",
        "nonce",
        "hxp_",
        "root@example.com",
        "another's",
    ] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}
