//! How people write what tells who they are, and how they are found by it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{App, PASSWORD, Tokens, send};

on_each_database!(
    names_are_the_same_however_their_letters_are_made,
    people_are_found_by_each_part_of_their_names,
    people_are_found_by_their_domain_as_they_write_it,
    names_that_nobody_can_see_are_refused,
    joiners_inside_words_are_kept,
    a_birthday_has_one_form,
    whoever_registers_is_written_to_in_their_language,
    what_a_device_is_called_is_fit_to_be_shown,
);

async fn register(app: &App, email: &str, name: &str) {
    let body = json!({"email": email, "password": PASSWORD, "full_name": name});
    assert_eq!(app.post("/api/v1/users", body).await.status, StatusCode::CREATED);
}

/// Whom a search finds.
async fn search(app: &App, admin: &Tokens, q: &str) -> Vec<String> {
    let encoded: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let page = app.get(&format!("/api/v1/users?sort=email&q={encoded}"), &admin.access).await;
    assert_eq!(page.status, StatusCode::OK, "{q}: {page:?}");
    let items = page.json()["items"].as_array().unwrap().clone();
    items.iter().map(|user| user["email"].as_str().unwrap().split_once('@').unwrap().0.to_owned()).collect()
}

async fn names_are_the_same_however_their_letters_are_made(app: App) {
    let admin = app.admin("root@example.com").await;
    let name = json!({"full_name": "Zoe\u{308} E\u{301}mile"});
    let changed = app.send_as(&admin.access, Method::PATCH, "/api/v1/users/me", name).await;
    assert_eq!(changed.json()["full_name"], "Zo\u{eb} \u{c9}mile");
    assert_eq!(search(&app, &admin, "E\u{301}MI").await, ["root"]);
    let task = json!({"title": "cafe\u{301}"});
    let task = app.send_as(&admin.access, Method::POST, "/api/v1/tasks", task).await.json();
    assert_eq!(task["title"], "caf\u{e9}");
}

async fn people_are_found_by_each_part_of_their_names(app: App) {
    let admin = app.admin("root@example.com").await;
    register(&app, "anna@example.com", "Anna-Maria Smith-Jones").await;
    for (q, found) in [("Smith-J", vec!["anna"]), ("ones", vec![])] {
        assert_eq!(search(&app, &admin, q).await, found, "{q}");
    }
}

async fn people_are_found_by_their_domain_as_they_write_it(app: App) {
    let admin = app.admin("root@elsewhere.example").await;
    let made = app.register("Ada@Mu\u{308}ller.example").await;
    assert_eq!(made.json()["email"], "Ada@xn--mller-kva.example");
    assert_eq!(app.register("ada@example.com").await.status, StatusCode::CREATED);
    assert_eq!(search(&app, &admin, "@MÜLLER.example").await, ["Ada"]);
    assert_eq!(search(&app, &admin, "ada@").await, ["ada", "Ada"]);
    app.sign_in("ada@müller.example").await;
    app.register("ada@müller.example").await.problem(409, "duplicate");
}

async fn names_that_nobody_can_see_are_refused(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    for (text, code) in [(" \u{200b} ", "too_short"), ("Ada\u{202e}Lovelace", "control_character")] {
        let name = json!({"full_name": text});
        let answer = app.send_as(&ada.access, Method::PATCH, "/api/v1/users/me", name).await;
        assert_eq!(answer.problem(422, "validation_failed"), [format!("full_name:{code}")], "{text:?}");
        let body = json!({"email": "eve@example.com", "password": PASSWORD, "full_name": text});
        let answer = app.post("/api/v1/users", body).await;
        assert_eq!(answer.problem(422, "validation_failed"), [format!("full_name:{code}")], "{text:?}");
        let answer = app.send_as(&ada.access, Method::POST, "/api/v1/tasks", json!({"title": text})).await;
        assert_eq!(answer.problem(422, "validation_failed"), [format!("title:{code}")], "{text:?}");
        let answer = app.send_as(&ada.access, Method::PATCH, "/api/v1/users/me", json!({"username": text})).await;
        assert_eq!(answer.problem(422, "validation_failed").len(), 1, "{text:?}");
    }
    assert_eq!(app.me(&ada.access).await.json()["full_name"], Value::Null);
}

async fn joiners_inside_words_are_kept(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let name = json!({"full_name": "می\u{200c}خواهم"});
    let changed = app.send_as(&ada.access, Method::PATCH, "/api/v1/users/me", name.clone()).await;
    assert_eq!((changed.status, &changed.json()["full_name"]), (StatusCode::OK, &name["full_name"]), "{changed:?}");
}

async fn a_birthday_has_one_form(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let answer = app.send_as(&ada.access, Method::PATCH, "/api/v1/users/me", json!({"birthday": " 1990-1-02"})).await;
    assert_eq!(answer.problem(422, "validation_failed"), ["birthday:invalid_date"]);
    let changed = app.send_as(&ada.access, Method::PATCH, "/api/v1/users/me", json!({"birthday": "1990-01-02"})).await;
    assert_eq!(changed.json()["birthday"], "1990-01-02");
}

async fn what_a_device_is_called_is_fit_to_be_shown(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let login = app.request(Method::POST, "/api/v1/auth/login").header("user-agent", "Fire\u{202e}fox".as_bytes());
    let login = login.json(&json!({"username": "ada@example.com", "password": PASSWORD}));
    assert_eq!(send(login).await.status, StatusCode::OK);
    let sessions = app.get("/api/v1/auth/sessions", &ada.access).await.json();
    assert_eq!(sessions[0]["user_agent"], "Firefox", "{sessions}");
}

async fn whoever_registers_is_written_to_in_their_language(app: App) {
    let register = |email: &str, header: &str, given: Option<&str>| {
        let body = json!({"email": email, "password": PASSWORD, "locale": given});
        send(app.request(Method::POST, "/api/v1/users").header("accept-language", header).json(&body))
    };
    for (number, header, given, expected) in [
        (1, "de-AT,de;q=0.9,en;q=0.8", None, json!("de-AT")),
        (2, "de", Some("EN-gb"), json!("en-GB")),
        (3, "*", None, json!(null)),
        (4, "../../etc/passwd", None, json!(null)),
    ] {
        let made = register(&format!("ada-{number}@example.com"), header, given).await;
        assert_eq!((made.status, &made.json()["locale"]), (StatusCode::CREATED, &expected), "{header}");
    }
    let refused = register("ada@example.com", "de", Some("german")).await;
    assert_eq!(refused.problem(422, "validation_failed"), ["locale:invalid_locale"]);
    // It is changed and cleared by its user, and by admins.
    let ada = app.sign_in("ada-1@example.com").await;
    let changed = app.send_as(&ada.access, Method::PATCH, "/api/v1/users/me", json!({"locale": "pt-br"})).await;
    assert_eq!(changed.json()["locale"], "pt-BR");
    let root = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&ada).await);
    let changed = app.send_as(&root.access, Method::PATCH, &path, json!({"locale": null})).await;
    assert_eq!((changed.status, &changed.json()["locale"]), (StatusCode::OK, &json!(null)));
    // An admin's language is not that of the accounts that they make.
    let made = app.request(Method::POST, "/api/v1/users").header("accept-language", "de").bearer_auth(&root.access);
    let made = send(made.json(&json!({"email": "eve@example.com", "password": PASSWORD}))).await;
    assert_eq!((made.status, &made.json()["locale"]), (StatusCode::CREATED, &json!(null)));
}
