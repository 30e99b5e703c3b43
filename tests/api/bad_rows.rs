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
    a_count_that_cannot_go_on_is_no_count,
    an_account_that_cannot_be_read_stops_no_admin,
    what_cannot_be_read_outlives_other_changes,
    a_refresh_token_of_a_bad_session_signs_it_out,
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

/// All ids that following the cursors finds, one user per page.
async fn followed(app: &App, admin: &Tokens, sort: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    for _ in 0..20 {
        let page = app.get(&format!("{USERS}?sort={sort}&limit=1&cursor={cursor}"), &admin.access).await;
        assert_eq!(page.status, StatusCode::OK, "{sort}: {page:?}");
        ids.extend(page.json()["items"].as_array().unwrap().iter().map(|user| user["id"].to_string()));
        match page.json()["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    ids
}

async fn assert_that_cursors_lose_nobody(app: App, changes: &[&str]) {
    let admin = app.admin("root@example.com").await;
    for email in ["ada@example.com", "bob@example.com", "eve@example.com"] {
        app.sign_up(email).await;
    }
    for change in changes {
        for whom in ["email = 'ada@example.com'", "email <> 'root@example.com'"] {
            // No two emails are the same.
            if change.starts_with("email_key") && whom.contains("<>") {
                continue;
            }
            app.run_sql(&format!("UPDATE users SET {change} WHERE {whom}")).await;
            for sort in ["email", "-email", "created_at", "-created_at", "last_login", "-last_login"] {
                let mut ids = followed(&app, &admin, sort).await;
                ids.sort();
                ids.dedup();
                assert_eq!((ids.len(), followed(&app, &admin, sort).await.len()), (4, 4), "{change}, {whom}: {sort}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_lose_nobody_on_postgresql() {
    let mut changes = vec!["email_key = ''".to_owned()];
    for column in ["created_at", "last_login"] {
        for time in ["infinity", "-infinity", "4714-11-24 BC", "0044-03-15 BC", "12000-01-01", "290000-01-01"] {
            changes.push(format!("{column} = '{time}'"));
        }
    }
    let changes: Vec<_> = changes.iter().map(String::as_str).collect();
    assert_that_cursors_lose_nobody(App::postgres_with(&[]).await, &changes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_lose_nobody_on_sqlite() {
    let changes = [
        "email_key = ''",
        "email_key = x'ff'",
        "created_at = 'infinity'",
        "created_at = x'ff'",
        "created_at = ''",
        "last_login = 'soon'",
        "last_login = x'ff'",
        "last_login = ''",
    ];
    assert_that_cursors_lose_nobody(App::sqlite_with(&[]).await, &changes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_of_tasks_lose_none() {
    for (app, times) in [
        (App::postgres_with(&[]).await, ["infinity", "-infinity", "0044-03-15 BC"]),
        (App::sqlite_with(&[]).await, ["infinity", "", "0044-03-15 BC"]),
    ] {
        let ada = app.sign_up("ada@example.com").await;
        for title in ["One", "Two", "Three"] {
            app.send_as(&ada.access, Method::POST, "/api/v1/tasks", json!({"title": title})).await;
        }
        for time in times {
            app.run_sql(&format!("UPDATE tasks SET created_at = '{time}' WHERE title <> 'Three'")).await;
            let (mut titles, mut cursor) = (Vec::new(), String::new());
            for _ in 0..3 {
                let page = app.get(&format!("/api/v1/tasks?limit=1&cursor={cursor}"), &ada.access).await;
                assert_eq!(page.status, StatusCode::OK, "{time}: {page:?}");
                titles.push(page.json()["items"][0]["title"].to_string());
                page.json()["next_cursor"].as_str().unwrap_or_default().clone_into(&mut cursor);
            }
            titles.sort();
            assert_eq!(titles, [r#""One""#, r#""Three""#, r#""Two""#], "{time}");
        }
    }
}

async fn a_count_that_cannot_go_on_is_no_count(app: App) {
    let admin = app.admin("root@example.com").await;
    for (email, epoch) in [("ada@example.com", u32::MAX), ("eve@example.com", u32::MAX - 1)] {
        let first = app.admin(email).await;
        let path = format!("{USERS}/{}", app.id(&first).await);
        app.run_sql(&format!("UPDATE users SET epoch = {epoch} WHERE email_key = '{email}'")).await;
        for change in [
            json!({"role": "user"}),
            json!({"is_active": false}),
            json!({"is_active": true, "role": "admin"}),
            json!({"is_active": false}),
        ] {
            let tokens = app.login(email, PASSWORD).await;
            let changed = app.send_as(&admin.access, Method::PATCH, &path, change.clone()).await;
            assert_eq!(changed.status, StatusCode::OK, "{epoch}: {changed:?}");
            if tokens.status == StatusCode::OK {
                app.get("/api/v1/auth/verify", &tokens.tokens().access).await.problem(401, "invalid_token");
            }
        }
        app.send_as(&admin.access, Method::PATCH, &path, json!({"is_active": true})).await;
        let last = app.sign_in(email).await;
        assert_eq!(app.delete(&path, &admin.access).await.status, StatusCode::NO_CONTENT);
        app.get("/api/v1/auth/verify", &last.access).await.problem(401, "invalid_token");
    }
}

async fn an_account_that_cannot_be_read_stops_no_admin(app: App) {
    let (admin, ada) = (app.admin("root@example.com").await, app.sign_up("ada@example.com").await);
    let (path, eve) = (format!("{USERS}/{}", app.id(&ada).await), app.sign_up("eve@example.com").await);
    let another = app.admin("another@example.com").await;
    if app.database_url.starts_with("sqlite") {
        let text_id = "id = '550e8400-e29b-41d4-a716-446655440000'";
        app.run_sql("PRAGMA foreign_keys = OFF").await;
        app.run_sql(
            "DELETE FROM refresh_tokens WHERE user_id = (SELECT id FROM users WHERE email_key = 'another@example.com')",
        )
        .await;
        app.run_sql(
            "DELETE FROM passwords WHERE user_id = (SELECT id FROM users WHERE email_key = 'another@example.com')",
        )
        .await;
        app.run_sql(&format!("UPDATE users SET {text_id} WHERE email_key = 'another@example.com'")).await;
        spoil(&app, "is_active = 'abc'").await;
    } else {
        app.run_sql("UPDATE users SET created_at = 'infinity' WHERE email_key = 'another@example.com'").await;
        spoil(&app, "created_at = 'infinity', role = 'owner'").await;
    }
    drop(another);
    for (method, path, body) in [
        (Method::PATCH, format!("{USERS}/{}", app.id(&eve).await), json!({"full_name": "Eve"})),
        (Method::PUT, format!("{path}/password"), json!({"password": PASSWORD})),
        (Method::DELETE, format!("{path}/sessions"), json!({})),
        (Method::PATCH, path.clone(), json!({"is_active": true})),
        (Method::PUT, path.clone(), json!({"email": "ada@example.com", "role": "user", "is_active": true})),
    ] {
        let written = app.send_as(&admin.access, method.clone(), &path, body).await;
        assert!(written.status.is_success(), "{method} {path}: {written:?}");
    }
    assert_eq!(app.get(&path, &admin.access).await.json()["is_active"], true);
    assert_eq!(app.delete(&path, &admin.access).await.status, StatusCode::NO_CONTENT);
}

/// Such as the roles of a newer version while an older node still runs.
async fn what_cannot_be_read_outlives_other_changes(app: App) {
    app.admin("root@example.com").await;
    let mut ada = app.sign_up("ada@example.com").await;
    let me = "/api/v1/users/me";
    let created = if app.database_url.starts_with("sqlite") { "x'ff'" } else { "'infinity'" };
    spoil(&app, &format!("role = 'auditor', created_at = {created}")).await;
    let task = app.send_as(&ada.access, Method::POST, "/api/v1/tasks", json!({"title": "One"})).await;
    app.run_sql(&format!("UPDATE tasks SET status = 'late', created_at = {created}")).await;
    let renamed = app.send_as(&ada.access, Method::PATCH, task.header("location"), json!({"title": "Two"})).await;
    assert_eq!(renamed.status, StatusCode::OK, "{renamed:?}");
    for (method, path, body) in [
        (Method::PATCH, me.to_owned(), json!({"full_name": "Ada"})),
        (
            Method::PUT,
            format!("{me}/password"),
            json!({"current_password": PASSWORD, "new_password": "another password entirely"}),
        ),
        (Method::POST, "/api/v1/auth/logout-all".to_owned(), json!({})),
    ] {
        let written = app.send_as(&ada.access, method.clone(), &path, body).await;
        assert!(written.status.is_success(), "{method} {path}: {written:?}");
        if method == Method::PUT {
            ada = app.login("ada@example.com", "another password entirely").await.tokens();
        }
    }
    // An update of nothing fails, since it breaks a rule of no row.
    let kept = "(SELECT count(*) FROM users WHERE role = 'auditor' AND created_at = ".to_owned() + created + ")";
    app.run_sql(&format!("INSERT INTO users (id) SELECT NULL WHERE {kept} <> 1")).await;
    let kept =
        "(SELECT count(*) FROM tasks WHERE status = 'late' AND title = 'Two' AND created_at = ".to_owned() + created;
    app.run_sql(&format!("INSERT INTO users (id) SELECT NULL WHERE {kept}) <> 1")).await;
}

async fn a_refresh_token_of_a_bad_session_signs_it_out(app: App) {
    let time = if app.database_url.starts_with("sqlite") { "x'ff'" } else { "'infinity'" };
    app.register("ada@example.com").await;
    for change in ["generation = -1".to_owned(), format!("created_at = {time}"), format!("expires_at = {time}")] {
        let bad = app.sign_in("ada@example.com").await;
        app.run_sql(&format!("UPDATE refresh_tokens SET {change} WHERE revoked_at IS NULL")).await;
        app.refresh(&bad.refresh).await.problem(401, "invalid_refresh_token");
        let out = app.post("/api/v1/auth/logout", json!({"refresh_token": bad.refresh})).await;
        assert_eq!(out.status, StatusCode::NO_CONTENT, "{change}: {out:?}");
        app.me(&bad.access).await.problem(401, "invalid_token");
    }
}
