//! What was read can be written back: a whole document with one change is put, and a part of it is merged.

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD, Tokens, send};

on_each_database!(
    what_was_read_can_be_written_back,
    a_sign_in_since_it_was_read_refuses_nothing,
    times_may_have_been_cut_to_the_millisecond,
    what_nobody_can_change_is_refused_by_name,
    of_two_who_change_what_they_both_read_one_is_refused,
    a_put_clears_what_is_absent_and_requires_the_rest,
    a_patch_takes_a_merge_patch,
    json_may_have_parameters,
    null_and_nothing_mean_the_same_where_nothing_can_be_cleared,
    what_every_account_begins_with_is_no_request_for_rights,
);

const MERGE_PATCH: &str = "application/merge-patch+json";
const ME: &str = "/api/v1/users/me";

/// What can be read and written: the token to do so, the path, a member that changes freely, one that may be null, and
/// one that must be there.
struct Document {
    access: String,
    path: String,
    free: &'static str,
    clearable: &'static str,
    required: &'static [&'static str],
}

/// A user's own account, another's for an admin, an admin's own by its id, and a task.
async fn documents(app: &App) -> Vec<Document> {
    let (ada, root) = (app.sign_up("ada@example.com").await, app.admin("root@example.com").await);
    let made = app.send_as(&ada.access, Method::POST, "/api/v1/tasks", json!({"title": "One", "description": "It."}));
    let task = made.await.header("location").to_owned();
    let document = |tokens: &Tokens, path: String, free, clearable, required| {
        let access = tokens.access.clone();
        Document { access, path, free, clearable, required }
    };
    let full: &[_] = &["email", "role", "is_active"];
    vec![
        document(&ada, ME.to_owned(), "full_name", "birthday", &["email"]),
        document(&root, format!("/api/v1/users/{}", app.id(&ada).await), "full_name", "username", full),
        document(&root, format!("/api/v1/users/{}", app.id(&root).await), "full_name", "username", full),
        document(&ada, task, "title", "description", &["title", "status"]),
    ]
}

impl Document {
    async fn read(&self, app: &App) -> Value {
        app.get(&self.path, &self.access).await.json()
    }

    async fn send(&self, app: &App, method: &Method, body: &Value) -> Answer {
        app.send_as(&self.access, method.clone(), &self.path, body.clone()).await
    }
}

async fn what_was_read_can_be_written_back(app: App) {
    for document in documents(&app).await {
        for method in [Method::PUT, Method::PATCH] {
            let place = format!("{method} {}", document.path);
            let read = document.read(&app).await;
            let same = document.send(&app, &method, &read).await;
            assert_eq!((same.status, same.json()), (StatusCode::OK, read.clone()), "{place}: no change");

            let mut changed = read.clone();
            changed[document.free] = json!(format!("By {method}"));
            let answer = document.send(&app, &method, &changed).await;
            assert_eq!(answer.status, StatusCode::OK, "{place}: {answer:?}");
            changed["updated_at"] = answer.json()["updated_at"].clone();
            assert_eq!(answer.json(), changed, "{place}");
            assert_eq!(document.read(&app).await, changed, "{place}");

            // Another spelling of what is stored is the same.
            let id = changed["id"].as_str().unwrap().to_uppercase();
            let time = changed["created_at"].as_str().unwrap().replace('Z', "+00:00");
            let respelt = json!({"id": id, "created_at": time});
            let respelt = if method == Method::PUT { merged(&changed, &respelt) } else { respelt };
            let answer = document.send(&app, &method, &respelt).await;
            assert_eq!((answer.status, answer.json()), (StatusCode::OK, changed), "{place}: respelt");
        }
    }
}

fn merged(document: &Value, with: &Value) -> Value {
    let mut document = document.clone();
    document.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    document
}

async fn a_sign_in_since_it_was_read_refuses_nothing(app: App) {
    let root = app.admin("root@example.com").await;
    let made = app.register("ada@example.com").await.json();
    let path = format!("/api/v1/users/{}", made["id"].as_str().unwrap());
    for method in [Method::PUT, Method::PATCH] {
        let mut read = app.get(&path, &root.access).await.json();
        app.sign_in("ada@example.com").await;
        read["full_name"] = json!(format!("By {method}"));
        let answer = app.send_as(&root.access, method.clone(), &path, read.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        // It is still the last sign-in, and not what was sent.
        assert_eq!(answer.json()["full_name"], read["full_name"]);
        assert_ne!(answer.json()["last_login"], read["last_login"]);
    }
}

/// As by the `Date` of JavaScript.
async fn times_may_have_been_cut_to_the_millisecond(app: App) {
    for document in documents(&app).await {
        for method in [Method::PUT, Method::PATCH] {
            let mut body = document.read(&app).await;
            for name in ["created_at", "updated_at", "last_login"] {
                if let Some(time) = body[name].as_str().map(|time| time.parse::<DateTime<Utc>>().unwrap()) {
                    body[name] = json!(time.to_rfc3339_opts(SecondsFormat::Millis, true));
                }
            }
            body[document.free] = json!(format!("By {method}"));
            let answer = document.send(&app, &method, &body).await;
            assert_eq!(answer.status, StatusCode::OK, "{method} {}: {answer:?}", document.path);
        }
    }
}

async fn what_nobody_can_change_is_refused_by_name(app: App) {
    for document in documents(&app).await {
        let read = document.read(&app).await;
        let mut others = vec![
            ("id", json!("00000000-0000-0000-0000-000000000007")),
            ("created_at", json!("2020-01-01T00:00:00Z")),
            ("updated_at", json!("2020-01-01T00:00:00Z")),
        ];
        if read.get("email").is_some() {
            others.push(("last_login", json!("2100-01-01T00:00:00Z")));
        }
        if app.me(&document.access).await.json()["id"] == read["id"] {
            others.push(("email_verified", json!(!read["email_verified"].as_bool().unwrap())));
        }
        if document.path == ME {
            others.extend([("role", json!("admin")), ("is_active", json!(false))]);
        }
        for method in [Method::PUT, Method::PATCH] {
            for (name, value) in &others {
                let body = merged(&read, &json!({*name: value, document.free: "Mallory"}));
                let errors = document.send(&app, &method, &body).await.problem(422, "validation_failed");
                assert_eq!(errors, [format!("{name}:read_only")], "{method} {}", document.path);
            }
            // What cannot be read is named, too, and so is what no document has.
            for (name, value, code) in [
                ("id", json!("me"), "invalid_id"),
                ("id", json!(null), "wrong_type"),
                ("created_at", json!("yesterday"), "invalid_time"),
                ("created_at", json!(0), "wrong_type"),
                ("owner_id", json!("x"), "unknown_field"),
                ("password_hash", json!("x"), "unknown_field"),
            ] {
                let body = merged(&read, &json!({name: value}));
                let errors = document.send(&app, &method, &body).await.problem(422, "validation_failed");
                assert_eq!(errors, [format!("{name}:{code}")], "{method} {}", document.path);
            }
            let all = json!({"id": "00000000-0000-0000-0000-000000000007", "created_at": "2020-01-01T00:00:00Z"});
            let errors = document.send(&app, &method, &merged(&read, &all)).await.problem(422, "validation_failed");
            assert_eq!(errors, ["id:read_only", "created_at:read_only"]);
        }
        assert_eq!(document.read(&app).await, read);
    }
}

async fn of_two_who_change_what_they_both_read_one_is_refused(app: App) {
    for document in documents(&app).await {
        let read = document.read(&app).await;
        let body = |number: usize| merged(&read, &json!({document.free: format!("{number} of {}", document.path)}));
        let bodies = [0, 1, 2, 3].map(body);
        let answers = futures_util::future::join_all(bodies.iter().map(|body| document.send(&app, &Method::PUT, body)));
        let answers = answers.await;
        let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::OK);
        assert_eq!((done.len(), refused.len()), (1, 3), "{answers:?}");
        for answer in refused {
            assert_eq!(answer.problem(422, "validation_failed"), ["updated_at:read_only"]);
        }
        assert_eq!(document.read(&app).await, done[0].json());
    }
}

async fn a_put_clears_what_is_absent_and_requires_the_rest(app: App) {
    for document in documents(&app).await {
        let value = match document.clearable {
            "birthday" => json!("1990-12-10"),
            "username" => json!(format!("name-{}", document.path.len() + document.access.len() % 100)),
            _ => json!("It is long."),
        };
        let set = document.send(&app, &Method::PATCH, &json!({document.clearable: value})).await;
        assert_eq!((set.status, &set.json()[document.clearable]), (StatusCode::OK, &value), "{}", document.path);
        let read = document.read(&app).await;
        let least: serde_json::Map<_, _> =
            document.required.iter().map(|name| ((*name).to_owned(), read[*name].clone())).collect();
        for missing in document.required {
            let mut body = least.clone();
            body.remove(*missing);
            let errors = document.send(&app, &Method::PUT, &body.into()).await.problem(422, "validation_failed");
            assert_eq!(errors, [format!("{missing}:required")], "{}", document.path);
        }
        assert_eq!(document.read(&app).await, read);
        let put = document.send(&app, &Method::PUT, &least.into()).await;
        assert_eq!(put.status, StatusCode::OK, "{}: {put:?}", document.path);
        assert_eq!(put.json()[document.clearable], Value::Null, "{}", document.path);
        for name in ["id", "email", "role", "is_active", "created_at", "last_login", "status"] {
            assert_eq!(put.json()[name], read[name], "{} {name}", document.path);
        }
    }
}

async fn a_patch_takes_a_merge_patch(app: App) {
    for document in documents(&app).await {
        let send = |method: Method, content_type: &str, body: &str| {
            let request = app.request(method, &document.path).bearer_auth(&document.access);
            send(request.header("content-type", content_type).body(body.to_owned()))
        };
        let body = json!({document.clearable: null}).to_string();
        for content_type in [MERGE_PATCH, "Application/Merge-Patch+JSON; charset=UTF-8", "application/json"] {
            let answer = send(Method::PATCH, content_type, &body).await;
            assert_eq!((answer.status, &answer.json()[document.clearable]), (StatusCode::OK, &Value::Null));
        }
        for content_type in ["application/json-patch+json", "application/vnd.api+json", "text/plain", ""] {
            let refused = send(Method::PATCH, content_type, &body).await;
            refused.problem(415, "unsupported_media_type");
            assert_eq!(refused.header("accept-patch"), "application/json, application/merge-patch+json");
        }
        // A merge patch is no representation.
        let refused = send(Method::PUT, MERGE_PATCH, &body).await;
        refused.problem(415, "unsupported_media_type");
        assert!(!refused.headers.contains_key("accept-patch"));
    }
    let refused = send(app.request(Method::POST, "/api/v1/users").header("content-type", MERGE_PATCH).body("{}")).await;
    refused.problem(415, "unsupported_media_type");
    assert_eq!(refused.header("accept-post"), "application/json");
}

async fn json_may_have_parameters(app: App) {
    for (number, content_type) in [
        "application/json",
        "application/json;charset=utf-8",
        "application/json ; Charset=\"UTF-8\" ; profile=x",
        "APPLICATION/JSON; q=1; charset=utf8",
        "application/json; charset=ISO-8859-1",
        "application/json;",
        "application/json; profile=\"https://example.com/a;charset=b\"; version=2",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"email": format!("ada-{number}@example.com"), "password": PASSWORD, "full_name": "Zoë"});
        let request = app.request(Method::POST, "/api/v1/users").header("content-type", content_type);
        let made = send(request.body(body.to_string())).await;
        assert_eq!((made.status, &made.json()["full_name"]), (StatusCode::CREATED, &"Zoë".into()), "{content_type}");
    }
    // Its bytes are UTF-8, whatever a parameter says.
    let request = app.request(Method::POST, "/api/v1/users").header("content-type", "application/json; charset=latin1");
    send(request.body(b"{\"email\":\"ada@example.com\",\"full_name\":\"Zo\xeb\"}".to_vec()))
        .await
        .problem(400, "malformed_body");
}

async fn null_and_nothing_mean_the_same_where_nothing_can_be_cleared(app: App) {
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "username": null, "full_name": null,
        "birthday": null, "role": null, "is_active": null});
    let made = app.post("/api/v1/users", body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!((&made.json()["role"], &made.json()["is_active"]), (&"user".into(), &true.into()));
    let ada = app.sign_in("ada@example.com").await;
    let body = json!({"title": "One", "description": null, "status": null});
    let made = app.send_as(&ada.access, Method::POST, "/api/v1/tasks", body).await;
    assert_eq!((made.status, &made.json()["status"]), (StatusCode::CREATED, &"todo".into()));
    for document in documents_of(&app).await {
        let read = document.read(&app).await;
        let same = document.send(&app, &Method::PATCH, &json!({})).await;
        assert_eq!((same.status, same.json()), (StatusCode::OK, read.clone()), "{}", document.path);
        if document.path.starts_with("/api/v1/users") {
            for method in [Method::PUT, Method::PATCH] {
                let body = merged(&read, &json!({"current_password": null}));
                assert_eq!(document.send(&app, &method, &body).await.json(), read, "{}", document.path);
            }
        }
        // What an account or a task must have is not taken away.
        for name in document.required {
            let errors = document.send(&app, &Method::PATCH, &json!({*name: null})).await;
            assert_eq!(errors.problem(422, "validation_failed"), [format!("{name}:wrong_type")]);
        }
    }
    // Neither is needed for another's account.
    let root = app.sign_in("root@example.com").await;
    for (number, body) in [json!({}), json!({"current_password": null})].into_iter().enumerate() {
        let made = app.register(&format!("bob-{number}@example.com")).await.json();
        let path = format!("/api/v1/users/{}", made["id"].as_str().unwrap());
        let deleted = app.send_as(&root.access, Method::DELETE, &path, body).await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{deleted:?}");
    }
}

/// Those of [`documents`], on an app where the first user is there already.
async fn documents_of(app: &App) -> Vec<Document> {
    let gone = app.sign_in("ada@example.com").await;
    assert_eq!(app.delete_me(&gone.access).await.status, StatusCode::NO_CONTENT);
    documents(app).await
}

async fn what_every_account_begins_with_is_no_request_for_rights(app: App) {
    let eve = app.sign_up("eve@example.com").await;
    for (number, extra) in
        [json!({"role": "user"}), json!({"is_active": true}), json!({"role": "user", "is_active": true})]
            .iter()
            .enumerate()
    {
        let body =
            |name: &str| merged(&json!({"email": format!("{name}-{number}@example.com"), "password": PASSWORD}), extra);
        let by_anyone = app.post("/api/v1/users", body("ada")).await;
        let by_a_user = app.send_as(&eve.access, Method::POST, "/api/v1/users", body("bob")).await;
        for made in [by_anyone, by_a_user] {
            assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
            assert_eq!((&made.json()["role"], &made.json()["is_active"]), (&"user".into(), &true.into()));
        }
    }
    for extra in [json!({"role": "admin"}), json!({"is_active": false}), json!({"role": "user", "is_active": false})] {
        let body = merged(&json!({"email": "new@example.com", "password": PASSWORD}), &extra);
        app.post("/api/v1/users", body.clone()).await.problem(403, "forbidden");
        app.send_as(&eve.access, Method::POST, "/api/v1/users", body).await.problem(403, "forbidden");
    }
}
