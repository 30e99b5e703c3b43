use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{App, send};

on_each_database!(examples_of_the_document_work);

#[test]
fn the_document_is_locked() {
    let mut document: Value = serde_json::from_str(&api_actix::openapi::json()).unwrap();
    // Which it is not where a test's authenticator lets members stay as they came.
    document.sort_all_objects();
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
}

/// Routes whose errors have the form of OAuth.
const OF_OAUTH: [&str; 3] = ["/oauth2/token", "/api/v1/auth/introspect", "/api/v1/auth/revoke"];

/// Every operation has what a client generator and a reader need.
#[test]
fn the_document_is_complete() {
    let document: Value = serde_json::from_str(&api_actix::openapi::json()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(operation["summary"].is_string() && operation["description"].is_string(), "{place}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place}");
            let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().cloned().collect();
            let has = |status: &str| statuses.iter().any(|other| other == status);
            let is_success = |status: &str| status.starts_with('2') || status == "303";
            assert!(statuses.iter().any(|status| is_success(status)), "{place}");
            assert!(["400", "500", "503"].into_iter().all(has), "{place}");
            assert_eq!(operation.get("security").is_some(), is_guarded(path, method), "{place}");
            assert!(operation.get("security").is_none() || has("401"), "{place}");
            if operation.get("requestBody").is_some() {
                assert!(["400", "413", "415"].into_iter().all(has), "{place}");
                // OAuth endpoints return 400 for what is not valid.
                assert!(has("422") || OF_OAUTH.contains(&path.as_str()), "{place}");
            }
            let made = &operation["responses"]["201"];
            assert!(made.is_null() || made["headers"]["Location"].is_object(), "{place}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let of_oauth = OF_OAUTH.contains(&path.as_str());
                let error = if of_oauth { "OAuthError" } else { "Problem" };
                let media_type = if of_oauth { "application/json" } else { "application/problem+json" };
                let schema = &response["content"][media_type]["schema"]["$ref"];
                let is_error = *schema == format!("#/components/schemas/{error}");
                assert_eq!(is_error, !is_success(status), "{place} {status}");
            }
        }
    }
    let flow = &document["components"]["securitySchemes"]["password"]["flows"]["password"];
    assert_eq!(flow["tokenUrl"], "/oauth2/token");
    let factors = &document["components"]["schemas"]["Problem"]["properties"]["factors"]["items"];
    assert_eq!(factors["enum"], json!(["password", "passkey", "totp", "recovery_code", "email_code"]));
}

fn is_guarded(path: &str, _method: &str) -> bool {
    !path.starts_with("/health")
        && !path.starts_with("/.well-known")
        && !path.starts_with("/api/v1/auth/password-reset")
        && !path.starts_with("/api/v1/auth/verify-email")
        && !path.starts_with("/api/v1/auth/email-sign-in")
        && !path.starts_with("/api/v1/auth/challenge")
        && !path.starts_with("/api/v1/auth/passkeys")
        && !path.starts_with("/api/v1/auth/providers")
        && path != "/api/v1/auth/invitations/accept"
        && !path.starts_with("/api/v1/auth/email-change")
        && !["/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/password-check"].contains(&path)
}

async fn examples_of_the_document_work(app: App) {
    let served = send(app.request(Method::GET, "/openapi.json")).await;
    assert_eq!((served.status, served.header("content-type")), (StatusCode::OK, "application/json"));
    let document = served.json();
    let example = |name: &str| document["components"]["schemas"][name]["example"].clone();
    let made = app.post("/api/v1/users", example("CreateUser")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let request = app.request(Method::POST, "/oauth2/token").form(&example("AccessTokenRequestForm"));
    send(request).await.tokens();
    let tokens = app.post("/api/v1/auth/login", example("Login")).await.tokens();
    let changed = app.send_as(&tokens.access, Method::PATCH, "/api/v1/users/me", example("UpdateMe")).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let made = app.send_as(&tokens.access, Method::POST, "/api/v1/tasks", example("CreateTask")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let path = made.header("location");
    let put = app.send_as(&tokens.access, Method::PUT, path, example("ReplaceTask")).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    let put = app.send_as(&tokens.access, Method::PUT, "/api/v1/users/me", example("ReplaceMe")).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    let changed = app.send_as(&tokens.access, Method::PATCH, path, example("UpdateTask")).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let path = "/api/v1/users/me/password";
    let changed = app.send_as(&tokens.access, Method::PUT, path, example("ChangePassword")).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{changed:?}");
    let here = app.login("ada@example.com", "staple battery horse correct").await.tokens();
    let mut proof = example("DeleteMe");
    proof["current_password"] = "staple battery horse correct".into();
    let gone = app.send_as(&here.access, Method::DELETE, "/api/v1/users/me", proof).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{gone:?}");
    for path in
        ["/docs", "/docs/", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/swagger-initializer.js"]
    {
        let answer = send(app.request(Method::GET, path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_the_policy_of_the_node() {
    // That a password is easy to guess no schema can say.
    let any = ("APP_PASSWORD__MIN_STRENGTH", "0");
    let settings = [any, ("APP_PASSWORD__MIN_LENGTH", "12"), ("APP_PASSWORD__MAX_LENGTH", "64")];
    for (settings, min, max) in [(&settings[..], 12, 64), (&[any], 8, 256)] {
        let app = App::sqlite_with(settings).await;
        let document = send(app.request(Method::GET, "/openapi.json")).await.json();
        let schema = &document["components"]["schemas"]["NewPassword"];
        assert_eq!((&schema["minLength"], &schema["maxLength"]), (&min.into(), &max.into()));
        for (length, is_taken) in [(min, true), (min - 1, false), (max, true), (max + 1, false)] {
            let body = json!({"email": format!("ada-{length}@example.com"), "password": "é".repeat(length)});
            let status = app.post("/api/v1/users", body).await.status;
            assert_eq!(status == StatusCode::CREATED, is_taken, "{length}: {status}");
        }
    }
}

/// Elsewhere an account is made at once, and no generated client has to ask whether there is one.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_the_mode_of_registration() {
    let mail = ("APP_MAIL__TRANSPORT", "log");
    for (mode, is_there) in [("open", false), ("verified", true), ("closed", false)] {
        let app = App::sqlite_with(&[mail, ("APP_REGISTRATION__MODE", mode)]).await;
        let document = send(app.request(Method::GET, "/openapi.json")).await.json();
        let responses = &document["paths"]["/api/v1/users"]["post"]["responses"];
        assert_eq!((responses.get("201").is_some(), responses.get("202").is_some()), (true, is_there), "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_docs_can_be_turned_off() {
    let app = App::sqlite_with(&[("APP_SERVER__DOCS", "false")]).await;
    for path in ["/docs", "/docs/", "/openapi.json"] {
        send(app.request(Method::GET, path)).await.problem(404, "not_found");
    }
}

/// A browser resolves what the page names against the page's own address.
#[tokio::test(flavor = "multi_thread")]
async fn the_docs_work_behind_a_proxy_that_takes_off_a_path() {
    let app = App::sqlite_with(&[("APP_SERVER__PUBLIC_URL", "https://example.com/auth/")]).await;
    // The proxy.
    let get = async |path: &str| {
        let path = path.strip_prefix("/auth").unwrap_or_else(|| panic!("{path} is not behind the proxy")).to_owned();
        let answer = send(app.request(Method::GET, &path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        answer
    };
    for page in ["/auth/docs", "/auth/docs/", "/auth/docs/index.html"] {
        let at = |target: &str| {
            let page = reqwest::Url::parse("https://example.com").unwrap().join(page).unwrap();
            page.join(target).unwrap().path().to_owned()
        };
        let answer = get(page).await;
        assert!(answer.header("content-type").starts_with("text/html"));
        let targets: Vec<_> =
            answer.text.split(['"', '\'']).filter(|text| text.ends_with(".js") || text.ends_with(".css")).collect();
        assert!(targets.len() >= 4, "{targets:?}");
        for target in targets {
            get(&at(target)).await;
        }
        let script =
            get(&at(if page == "/auth/docs" { "docs/swagger-initializer.js" } else { "swagger-initializer.js" })).await;
        assert!(script.text.contains("\"openapi.json\""), "{script:?}");
        let document = get(&at("openapi.json")).await.json();
        assert_eq!(document["servers"], serde_json::json!([{"url": "/auth"}]));
        let flow = &document["components"]["securitySchemes"]["password"]["flows"]["password"];
        assert_eq!(flow["tokenUrl"], "/auth/oauth2/token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_is_found_where_clients_find_the_server() {
    for (url, path) in [
        ("https://example.com/auth/", "/auth"),
        ("https://example.com/a/b%20c", "/a/b%20c"),
        ("https://example.com", ""),
        ("", ""),
    ] {
        let app = App::sqlite_with(&[("APP_SERVER__PUBLIC_URL", url)]).await;
        let made = app.register("ada@example.com").await;
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(made.header("location"), format!("{path}/api/v1/users/{id}"));
        let ada = app.sign_in("ada@example.com").await;
        let made = app.send_as(&ada.access, Method::POST, "/api/v1/tasks", serde_json::json!({"title": "a"})).await;
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(made.header("location"), format!("{path}/api/v1/tasks/{id}"));
    }
}
