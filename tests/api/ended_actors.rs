//! An actor who may no longer act writes nothing, however far their request has come. Walks every writing route of the
//! OpenAPI document, so that none is forgotten.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use serde_json::{Value, json};
use tests::soft_passkey::SoftPasskey;
use tests::{connect, on_each_database};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::app::{App, PASSWORD, Tokens};
use crate::passkeys::ORIGIN;
use crate::providers::{BACK, Setup, link, linking_code};

on_each_database!(
    an_actor_who_ends_while_the_request_comes_in_writes_nothing,
    an_actor_whose_token_expires_while_the_request_comes_in_writes_nothing,
    an_actor_who_ends_while_the_write_waits_writes_nothing,
    an_actor_who_ends_in_any_way_while_the_write_waits_writes_nothing,
);

/// By then the server has checked a token and waits for the rest of a body, or for a lock.
const SETTLED: Duration = Duration::from_millis(400);

const SIGN_OUT: &str = "POST /api/v1/auth/logout";

/// Routes that go on when their actor has ended meanwhile, each with its reason.
const GOES_ON: [(&str, &str); 1] =
    [(SIGN_OUT, "ends nothing but the session of the token, which is not to live on because its user was disabled")];

/// Routes that take a body, but wait for none.
const WAITS_FOR_NO_BODY: [&str; 1] = [SIGN_OUT];

/// The route that is open to anyone. Its sample asks for a right that only admins have.
const OPEN_TO_ANYONE: &str = "/api/v1/users";

/// The ways in which an actor ends.
#[derive(Clone, Copy, Debug)]
enum End {
    SignedOut,
    Disabled,
    Demoted,
    PasswordChanged,
}

const ENDS: [End; 4] = [End::SignedOut, End::Disabled, End::Demoted, End::PasswordChanged];

/// What each of them changes in the database.
const ENDS_IN_DATABASE: [&str; 4] = [
    "UPDATE users SET is_active = false WHERE id = {id}",
    "UPDATE users SET role = 'user' WHERE id = {id}",
    "UPDATE users SET epoch = epoch + 1 WHERE id = {id}",
    "UPDATE refresh_tokens SET revoked_at = created_at, revoked_reason = 'logout' WHERE user_id = {id}",
];

/// An admin with what they may act on.
struct Actor {
    id: String,
    tokens: Tokens,
    /// The same admin, signed in elsewhere.
    elsewhere: Tokens,
    /// A user with a session.
    other: String,
    others_session: String,
}

/// A request that would write.
struct Sample {
    route: String,
    method: Method,
    path: String,
    body: Option<Value>,
}

/// The server, its document, and an admin who stays.
struct Walk {
    setup: Setup,
    document: Value,
    root: Tokens,
    /// The node that the database came with, and its folder.
    _first: App,
}

impl Walk {
    async fn start(app: App) -> Self {
        let document = serde_json::from_str(&api_actix::openapi::json()).unwrap();
        // Some routes write only where mail is sent.
        let setup = Setup::with(&app, &[("APP_MAIL__TRANSPORT", "log")]).await;
        let root = setup.app.admin("root@example.com").await;
        Self { setup, document, root, _first: app }
    }

    /// Every operation that a bearer token opens and that may write.
    fn routes(&self) -> Vec<(Method, String, Value)> {
        let mut routes = Vec::new();
        for (path, operations) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let schemes = operation["security"].as_array().cloned().unwrap_or_default();
                if method != "get" && schemes.iter().any(|scheme| scheme.get("bearer").is_some()) {
                    let method = method.to_uppercase().parse().unwrap();
                    routes.push((method, path.clone(), operation.clone()));
                }
            }
        }
        routes
    }

    async fn actor(&self, name: &str) -> Actor {
        let email = format!("{name}@example.com");
        let tokens = self.setup.app.admin(&email).await;
        let elsewhere = self.setup.app.sign_in(&email).await;
        let other = self.setup.app.sign_up(&format!("{name}-other@example.com")).await;
        let sessions = self.setup.app.get("/api/v1/auth/sessions", &other.access).await.json();
        Actor {
            id: self.setup.app.id(&tokens).await,
            tokens,
            elsewhere,
            other: self.setup.app.id(&other).await,
            others_session: sessions[0]["id"].as_str().unwrap().to_owned(),
        }
    }

    /// What the actor asks of a route. A route that is not known here is a failed test.
    async fn sample(&self, actor: &Actor, method: &Method, path: &str, operation: &Value) -> Sample {
        let route = format!("{method} {path}");
        let body = match route.as_str() {
            SIGN_OUT | "POST /api/v1/auth/logout-all" | "POST /api/v1/auth/logout-others" => None,
            "DELETE /api/v1/auth/sessions/{id}" => None,
            "POST /api/v1/users" => {
                Some(json!({"email": format!("new-{}@example.com", actor.id), "password": PASSWORD, "role": "admin"}))
            }
            "PATCH /api/v1/users/me" => Some(json!({"full_name": "Mallory"})),
            "PUT /api/v1/users/me" => {
                let email = self.setup.app.me(&actor.tokens.access).await.json()["email"].clone();
                Some(json!({"email": email, "full_name": "Mallory"}))
            }
            "DELETE /api/v1/users/me" => Some(json!({"current_password": PASSWORD})),
            "PUT /api/v1/users/me/password" => {
                Some(json!({"current_password": PASSWORD, "new_password": "the password of a thief"}))
            }
            "PATCH /api/v1/users/{id}" => Some(json!({"is_active": false})),
            "PUT /api/v1/users/{id}" => Some(json!({"email": "moved@example.com", "role": "admin", "is_active": true})),
            // Not needed for another's account, but it may be there.
            "DELETE /api/v1/users/{id}" => Some(json!({"current_password": PASSWORD})),
            "DELETE /api/v1/users/{id}/attempts" | "DELETE /api/v1/users/{id}/factors" => None,
            "POST /api/v1/users/me/passkeys" => {
                let options = "/api/v1/users/me/passkeys/options";
                let asked = self.setup.app.send_as(&actor.tokens.access, Method::POST, options, json!({})).await.json();
                let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
                Some(json!({"ceremony": asked["ceremony"], "name": "Phone", "credential": credential}))
            }
            "POST /api/v1/users/me/identities" => {
                self.setup.idp.says(json!({"sub": actor.id}));
                Some(json!({"code": linking_code(&self.setup, &actor.tokens).await}))
            }
            "POST /api/v1/users/me/identities/{provider}/start" => Some(json!({"return_to": BACK})),
            "DELETE /api/v1/users/{id}/sessions" | "DELETE /api/v1/users/{id}/sessions/{session}" => None,
            _ => self.example(operation),
        };
        let path = if path.starts_with("/api/v1/users/{id}") {
            path.replace("{id}", &actor.other).replace("{session}", &actor.others_session)
        } else if path == "/api/v1/auth/sessions/{id}" {
            let sessions = self.setup.app.get("/api/v1/auth/sessions", &actor.elsewhere.access).await.json();
            let current = sessions.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
            path.replace("{id}", current["id"].as_str().unwrap())
        } else if let Some(list) = path.strip_suffix("{id}").filter(|list| list.ends_with("passkeys/")) {
            // To register one would end the actor's token. Whether it is there is looked at later.
            format!("{list}{}", uuid::Uuid::nil())
        } else if path == "/api/v1/users/me/identities/{id}" {
            self.setup.idp.says(json!({"sub": actor.id}));
            let code = linking_code(&self.setup, &actor.tokens).await;
            let linked = link(&self.setup, &actor.tokens, &code).await;
            path.replace("{id}", linked.json()["id"].as_str().unwrap())
        } else if let Some((list, rest)) = path.split_once("/{id}") {
            self.own(actor, list).await + rest
        } else {
            path.replace("{provider}", "idp")
        };
        Sample { route, method: method.clone(), path, body }
    }

    /// The example that the document has for the body of a route.
    fn example(&self, operation: &Value) -> Option<Value> {
        let body = operation.get("requestBody")?;
        let schema = body["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
        let name = schema.rsplit('/').next().unwrap();
        let example = self.document["components"]["schemas"][name].get("example");
        Some(example.unwrap_or_else(|| panic!("neither a sample nor an example of {name}")).clone())
    }

    /// Where a new thing of the actor's own is, in a list as that of tasks.
    async fn own(&self, actor: &Actor, list: &str) -> String {
        let operation = &self.document["paths"][list]["post"];
        assert!(operation.is_object(), "no sample for what is in {list}");
        let body = self.example(operation).unwrap();
        let made = self.setup.app.send_as(&actor.tokens.access, Method::POST, list, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.header("location").to_owned()
    }

    async fn end(&self, actor: &Actor, end: End) {
        let account = format!("/api/v1/users/{}", actor.id);
        let password = json!({"current_password": PASSWORD, "new_password": "another good password"});
        let (by, method, path, body) = match end {
            End::SignedOut => (&actor.tokens, Method::POST, "/api/v1/auth/logout", json!({})),
            End::Disabled => (&self.root, Method::PATCH, account.as_str(), json!({"is_active": false})),
            End::Demoted => (&self.root, Method::PATCH, account.as_str(), json!({"role": "user"})),
            End::PasswordChanged => (&actor.elsewhere, Method::PUT, "/api/v1/users/me/password", password),
        };
        let request = self.setup.app.request(method, path).bearer_auth(&by.access);
        let request = if matches!(end, End::SignedOut) { request } else { request.json(&body) };
        let answer = crate::app::send(request).await;
        assert!(answer.status.is_success(), "{end:?}: {answer:?}");
    }
}

/// A body is held one byte short. Where a route takes none, nothing can be held: its handler runs when the head is
/// there.
async fn an_actor_who_ends_while_the_request_comes_in_writes_nothing(app: App) {
    let walk = Walk::start(app).await;
    for (number, (method, path, operation)) in walk.routes().iter().enumerate() {
        let mut held = Vec::new();
        for end in ENDS {
            let actor = walk.actor(&format!("{end:?}-{number}").to_lowercase()).await;
            let sample = walk.sample(&actor, method, path, operation).await;
            let Some(body) = &sample.body else { continue };
            held.push((end, HeldRequest::send(&walk.setup.app, &actor.tokens, &sample, body).await, actor));
        }
        let takes_body = operation.get("requestBody").is_some();
        let is_held = takes_body && !WAITS_FOR_NO_BODY.contains(&format!("{method} {path}").as_str());
        assert_eq!(held.is_empty(), !is_held, "{path}");
        sleep(SETTLED).await;
        for (end, _, actor) in &held {
            walk.end(actor, *end).await;
        }
        let before = rows(&walk.setup.app.database_url).await;
        for (end, held, _) in held {
            let status = held.finish().await;
            // On a slow machine the token may first be looked at after its end: there it counts as none.
            let is_refused = status == 401 || (status == 403 && path == OPEN_TO_ANYONE);
            assert!(is_refused, "{status} for {method} {path} of an actor who was {end:?} meanwhile");
        }
        assert_eq!(rows(&walk.setup.app.database_url).await, before, "{method} {path} wrote");
    }
}

/// Nobody ends the token: it ends by itself.
async fn an_actor_whose_token_expires_while_the_request_comes_in_writes_nothing(app: App) {
    let node = app.another_node(&[("APP_AUTH__ACCESS_TOKEN_TTL", "3s")]).await;
    let tokens = node.sign_up("ada@example.com").await;
    let body = json!({"full_name": "Mallory"});
    let (method, path) = (Method::PATCH, "/api/v1/users/me".to_owned());
    let sample = Sample { route: format!("{method} {path}"), method, path, body: Some(body.clone()) };
    let held = HeldRequest::send(&node, &tokens, &sample, &body).await;
    let early = timeout(SETTLED, held.stream.readable()).await;
    assert!(early.is_err(), "it was answered before the token had expired");
    sleep(Duration::from_secs(3)).await;
    let before = rows(&node.database_url).await;
    assert_eq!(held.finish().await, 401);
    assert_eq!(rows(&node.database_url).await, before);
}

/// The memory of the node knows nothing of it, as on a node that has not heard of another's change yet.
async fn an_actor_who_ends_while_the_write_waits_writes_nothing(app: App) {
    let walk = Walk::start(app).await;
    let holder = connect(&walk.setup.app.database_url).await;
    for (number, (method, path, operation)) in walk.routes().iter().enumerate() {
        let actor = walk.actor(&format!("waiting-{number}")).await;
        let sample = walk.sample(&actor, method, path, operation).await;
        if GOES_ON.iter().any(|(route, _)| *route == sample.route) {
            continue;
        }
        let end = "UPDATE users SET is_active = false, epoch = epoch + 1 WHERE id = {id}";
        assert_refused_after(end, &walk, &holder, &actor, &sample).await;
    }
}

/// Each change by itself, on a route about oneself and on one about others.
async fn an_actor_who_ends_in_any_way_while_the_write_waits_writes_nothing(app: App) {
    let walk = Walk::start(app).await;
    let holder = connect(&walk.setup.app.database_url).await;
    let routes = walk.routes();
    for path in ["/api/v1/users/me", "/api/v1/users/{id}"] {
        let is_patch = |(method, of, _): &&(Method, String, Value)| *method == Method::PATCH && of == path;
        let (method, _, operation) = routes.iter().find(is_patch).unwrap();
        for (number, end) in ENDS_IN_DATABASE.iter().enumerate() {
            let actor = walk.actor(&format!("{number}-of-{}", path.len())).await;
            let sample = walk.sample(&actor, method, path, operation).await;
            assert_refused_after(end, &walk, &holder, &actor, &sample).await;
        }
    }
}

/// Holds the actor's account until the request waits for it, and ends the actor by this change of `{id}`.
async fn assert_refused_after(end: &str, walk: &Walk, holder: &DatabaseConnection, actor: &Actor, sample: &Sample) {
    let id = literal(holder, &actor.id);
    match holder.get_database_backend() {
        DbBackend::Postgres => {
            run(holder, "BEGIN").await;
            run(holder, &format!("SELECT 1 FROM users WHERE id = {id} FOR UPDATE")).await;
        }
        _ => run(holder, "BEGIN IMMEDIATE").await,
    }
    let request = walk.setup.app.request(sample.method.clone(), &sample.path).bearer_auth(&actor.tokens.access);
    let request = match &sample.body {
        Some(body) => request.json(body),
        None => request,
    };
    let answer = tokio::spawn(crate::app::send(request));
    sleep(SETTLED).await;
    assert!(!answer.is_finished(), "{} does not wait for its actor", sample.route);
    run(holder, &end.replace("{id}", &id)).await;
    let before = rows_of(holder).await;
    run(holder, "COMMIT").await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} after {end}: {answer:?}", sample.route);
    assert_eq!(rows(&walk.setup.app.database_url).await, before, "{} wrote", sample.route);
}

/// A request whose last byte is still to come.
struct HeldRequest {
    stream: TcpStream,
    last: u8,
}

impl HeldRequest {
    async fn send(app: &App, tokens: &Tokens, sample: &Sample, body: &Value) -> Self {
        let (Sample { method, path, .. }, body) = (sample, body.to_string());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            tokens.access,
            body.len(),
        );
        let mut bytes = (head + &body).into_bytes();
        let last = bytes.pop().unwrap();
        let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        Self { stream, last }
    }

    /// Sends the last byte, and returns the status.
    async fn finish(mut self) -> u16 {
        self.stream.write_all(&[self.last]).await.unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        answer.split(' ').nth(1).unwrap_or_else(|| panic!("no status in {answer:?}")).parse().unwrap()
    }
}

/// Every row of every table, but for when sessions were last used, which is written behind requests, for mail on its
/// way out, which is sent meanwhile, and for counts of attempts, challenges of passkeys and codes of providers, which
/// are taken before anything else and stay so.
async fn rows(database_url: &str) -> Vec<String> {
    let connection = connect(database_url).await;
    let rows = rows_of(&connection).await;
    connection.close().await.unwrap();
    rows
}

async fn rows_of(connection: &DatabaseConnection) -> Vec<String> {
    let is_postgres = connection.get_database_backend() == DbBackend::Postgres;
    let tables = if is_postgres {
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
    };
    let mut rows = Vec::new();
    let is_the_actors = |table: &String| !["attempts", "outbox", "passkey_ceremonies"].contains(&table.as_str());
    for table in texts(connection, tables).await.into_iter().filter(is_the_actors) {
        let row = if is_postgres {
            "(to_jsonb(t) - '{last_used_at,redeemed_at}'::text[])::text".to_owned()
        } else {
            let left_out = "'last_used_at', 'redeemed_at'";
            let columns = format!("SELECT name FROM pragma_table_info('{table}') WHERE name NOT IN ({left_out})");
            let quoted = texts(connection, &columns).await.into_iter().map(|column| format!("quote(\"{column}\")"));
            quoted.collect::<Vec<_>>().join(" || ' ' || ")
        };
        let found = texts(connection, &format!("SELECT {row} FROM \"{table}\" t ORDER BY 1")).await;
        rows.extend(found.into_iter().map(|row| format!("{table}: {row}")));
    }
    rows
}

async fn texts(connection: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = sea_orm::Statement::from_string(connection.get_database_backend(), sql.to_owned());
    let rows = connection.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn run(connection: &DatabaseConnection, sql: &str) {
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// An id as the database writes it.
fn literal(connection: &DatabaseConnection, id: &str) -> String {
    match connection.get_database_backend() {
        DbBackend::Postgres => format!("'{id}'"),
        _ => format!("X'{}'", id.replace('-', "")),
    }
}
