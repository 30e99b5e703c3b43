//! Rows that somebody wrote past the server, which today's rules would refuse.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{App, PASSWORD, Tokens};

on_each_database!(
    a_bad_account_stops_nobody_and_is_repaired,
    an_account_of_an_unknown_role_may_do_least,
    an_account_without_a_count_can_still_be_ended,
    a_bad_task_stops_no_other_and_is_repaired,
    a_bad_device_is_shown_without_it,
    a_bad_session_ends_and_no_other_does,
    a_password_hash_that_is_none_is_a_wrong_password_until_one_is_set,
    the_last_of_a_page_may_be_bad,
);

const USERS: &str = "/api/v1/users";

/// Changes Ada's row.
async fn spoil(app: &App, change: &str) {
    app.run_sql(&format!("UPDATE users SET {change} WHERE email_key = 'ada@example.com'")).await;
}

/// The account of Ada in the list, which has all others.
async fn listed(app: &App, admin: &Tokens) -> Value {
    let page = app.get(&format!("{USERS}?sort=email&count=true"), &admin.access).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    let items = page.json()["items"].as_array().unwrap().clone();
    assert_eq!((items.len(), page.json()["total"].as_u64()), (3, Some(3)));
    items[0].clone()
}

async fn a_bad_account_stops_nobody_and_is_repaired(app: App) {
    let (admin, id) = (app.admin("root@example.com").await, app.id(&app.sign_up("ada@example.com").await).await);
    app.register("eve@example.com").await;
    let path = format!("{USERS}/{id}");
    for (change, shown, repair) in [
        ("birthday = '1799-01-02'", json!({"birthday": "1799-01-02"}), json!({"birthday": "1999-01-02"})),
        ("username = 'Ada Lovelace!'", json!({"username": "Ada Lovelace!"}), json!({"username": "ada"})),
        ("full_name = 'a\u{1b}[31m\u{202e}'", json!({"full_name": "a\u{1b}[31m\u{202e}"}), json!({"full_name": null})),
        ("email = 'nonsense'", json!({"email": "nonsense"}), json!({"email": "ada@example.com"})),
        ("role = 'king'", json!({"role": "user"}), json!({"role": "user"})),
        ("epoch = -7", json!({}), json!({"full_name": "Ada"})),
    ] {
        spoil(&app, change).await;
        let listed = listed(&app, &admin).await;
        let (name, value) = shown.as_object().unwrap().iter().next().map_or(("id", json!(id)), |(n, v)| (n, v.clone()));
        assert_eq!(listed[name], value, "{change}");
        assert_eq!(app.get(&path, &admin.access).await.json(), listed, "{change}");
        let tokens = app.sign_in("ada@example.com").await;
        assert_eq!(app.me(&tokens.access).await.json()["id"], id, "{change}");
        let tokens = app.refresh(&tokens.refresh).await.tokens();
        // What somebody else changes leaves it as it is.
        let other = app.send_as(&tokens.access, Method::PATCH, "/api/v1/users/me", json!({})).await;
        assert_eq!((other.status, &other.json()[name]), (StatusCode::OK, &value), "{change}");
        let repaired = app.send_as(&admin.access, Method::PATCH, &path, repair.clone()).await;
        assert_eq!(repaired.status, StatusCode::OK, "{change}: {repaired:?}");
        let (name, value) = repair.as_object().unwrap().iter().next().unwrap();
        assert_eq!(&app.get(&path, &admin.access).await.json()[name], value, "{change}");
    }
    spoil(&app, "birthday = '1799-01-02', full_name = '', username = '?', role = 'king'").await;
    let deleted = app.delete(&path, &admin.access).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{deleted:?}");
}

async fn an_account_of_an_unknown_role_may_do_least(app: App) {
    let (_, ada) = (app.admin("root@example.com").await, app.admin("ada@example.com").await);
    assert_eq!(app.get(USERS, &ada.access).await.status, StatusCode::OK);
    spoil(&app, "role = 'Admin'").await;
    let tokens = app.refresh(&ada.refresh).await.tokens();
    app.get(USERS, &tokens.access).await.problem(403, "forbidden");
    let tokens = app.sign_in("ada@example.com").await;
    app.get(USERS, &tokens.access).await.problem(403, "forbidden");
    assert_eq!(app.me(&tokens.access).await.json()["role"], "user");
}

async fn an_account_without_a_count_can_still_be_ended(app: App) {
    let (admin, ada) = (app.admin("root@example.com").await, app.sign_up("ada@example.com").await);
    let path = format!("{USERS}/{}", app.id(&ada).await);
    spoil(&app, "epoch = -7").await;
    let later = app.sign_in("ada@example.com").await;
    let disabled = app.send_as(&admin.access, Method::PATCH, &path, json!({"is_active": false})).await;
    assert_eq!(disabled.status, StatusCode::OK, "{disabled:?}");
    for ended in [ada, later] {
        app.me(&ended.access).await.problem(401, "invalid_token");
        app.refresh(&ended.refresh).await.problem(401, "invalid_refresh_token");
    }
}

async fn a_bad_task_stops_no_other_and_is_repaired(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let make =
        async |title: &str| app.send_as(&ada.access, Method::POST, "/api/v1/tasks", json!({"title": title})).await;
    let path = make("One").await.header("location").to_owned();
    make("Two").await;
    for (change, shown, repair) in [
        ("title = ' '", json!({"title": " "}), json!({"title": "One"})),
        ("description = 'a\u{1b}'", json!({"description": "a\u{1b}"}), json!({"description": null})),
        ("status = 'late'", json!({"status": "todo"}), json!({"status": "doing"})),
    ] {
        app.run_sql(&format!("UPDATE tasks SET {change} WHERE title = 'One'")).await;
        let page = app.get("/api/v1/tasks", &ada.access).await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 2, "{change}");
        let (name, value) = shown.as_object().unwrap().iter().next().unwrap();
        assert_eq!((&page["items"][0][name], &app.get(&path, &ada.access).await.json()[name]), (value, value));
        let repaired = app.send_as(&ada.access, Method::PATCH, &path, repair.clone()).await;
        assert_eq!(repaired.status, StatusCode::OK, "{change}: {repaired:?}");
    }
    app.run_sql("UPDATE tasks SET title = '', status = ''").await;
    assert_eq!(app.delete(&path, &ada.access).await.status, StatusCode::NO_CONTENT);
}

async fn a_bad_device_is_shown_without_it(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    app.run_sql("UPDATE refresh_tokens SET address = 'nowhere', user_agent = 'Fire\u{1b}fox\u{202e}'").await;
    let sessions = app.get("/api/v1/auth/sessions", &ada.access).await.json();
    let session = &sessions[0];
    assert_eq!((&session["address"], &session["user_agent"]), (&Value::Null, &json!("Firefox")), "{sessions}");
    app.refresh(&ada.refresh).await.tokens();
}

async fn a_bad_session_ends_and_no_other_does(app: App) {
    let admin = app.admin("root@example.com").await;
    app.register("ada@example.com").await;
    for change in ["generation = -1", "revoked_reason = 'because'"] {
        let (bad, good) = (app.sign_in("ada@example.com").await, app.sign_in("ada@example.com").await);
        let newest = "SELECT id FROM refresh_tokens ORDER BY created_at DESC LIMIT 1 OFFSET 1";
        app.run_sql(&format!("UPDATE refresh_tokens SET {change} WHERE id = ({newest})")).await;
        app.refresh(&bad.refresh).await.problem(401, "invalid_refresh_token");
        let good = app.refresh(&good.refresh).await.tokens();
        let listed = app.get("/api/v1/auth/sessions", &good.access).await;
        assert_eq!((listed.status, listed.json().as_array().unwrap().len()), (StatusCode::OK, 1), "{change}");
        let ada = format!("{USERS}/{}/sessions", app.id(&good).await);
        assert_eq!(app.delete(&ada, &admin.access).await.status, StatusCode::NO_CONTENT, "{change}");
        app.me(&good.access).await.problem(401, "invalid_token");
    }
}

async fn a_password_hash_that_is_none_is_a_wrong_password_until_one_is_set(app: App) {
    let (admin, mut ada) = (app.admin("root@example.com").await, app.sign_up("ada@example.com").await);
    let id = app.id(&ada).await;
    for hash in ["nonsense", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$"] {
        let whose = "user_id = (SELECT id FROM users WHERE email_key = 'ada@example.com')";
        app.run_sql(&format!("UPDATE passwords SET hash = '{hash}' WHERE {whose}")).await;
        app.login("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
        app.delete_me(&ada.access).await.problem(403, "wrong_current_password");
        let path = format!("{USERS}/{id}/password");
        let set = app.send_as(&admin.access, Method::PUT, &path, json!({"password": PASSWORD})).await;
        assert_eq!(set.status, StatusCode::NO_CONTENT, "{set:?}");
        ada = app.sign_in("ada@example.com").await;
    }
}

async fn the_last_of_a_page_may_be_bad(app: App) {
    let admin = app.admin("root@example.com").await;
    app.register("ada@example.com").await;
    app.register("eve@example.com").await;
    spoil(&app, "email = '?', email_key = '?', created_at = '1999-01-01 00:00:00+00:00'").await;
    for sort in ["email", "created_at", "last_login"] {
        let first = app.get(&format!("{USERS}?sort={sort}&limit=1"), &admin.access).await.json();
        assert_eq!(first["items"][0]["email"], "?", "{sort}");
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = app.get(&format!("{USERS}?sort={sort}&cursor={cursor}"), &admin.access).await;
        assert_eq!((rest.status, rest.json()["items"].as_array().unwrap().len()), (StatusCode::OK, 2), "{sort}");
    }
}
