use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;
use tests::process::{Finished, Workplace};

use tests::client::{Client, EMAIL, PASSWORD, tokens};

on_each_database!(
    migrations_go_up_and_down_and_tell_their_status,
    an_admin_can_sign_in_once_made,
    making_an_admin_again_changes_nothing,
    a_plain_user_is_not_made_an_admin,
    cleaning_up_says_how_many_sessions_it_removed,
    cleaning_up_removes_events_that_are_old,
    the_server_cleans_up_by_itself_and_says_so_once,
    the_healthcheck_follows_the_server,
);

const CREATE: &[&str] = &["create-admin", "--email", EMAIL, "--password-stdin"];

#[track_caller]
fn assert_failed(finished: &Finished, words: &str) {
    assert_eq!(finished.code(), Some(1), "{finished:?}");
    assert_eq!(finished.stdout, "");
    let (logs, messages): (Vec<_>, Vec<_>) = finished.stderr.lines().partition(|line| line.starts_with('{'));
    assert!(logs.iter().all(|line| !line.contains("ERROR")), "{}", finished.stderr);
    assert_eq!(messages.len(), 1, "{}", finished.stderr);
    assert!(messages[0].starts_with("hexauth: ") && messages[0].contains(words), "{}", finished.stderr);
}

/// How many of the migrations are applied, and how many are not.
fn status(workplace: &Workplace) -> (usize, usize) {
    let text = workplace.run(&["migrate", "status"]).success();
    let count = |state: &str| text.lines().filter(|line| line.starts_with(state)).count();
    (count("applied "), count("pending "))
}

async fn migrations_go_up_and_down_and_tell_their_status(workplace: Workplace) {
    let applied = workplace.run(&["migrate", "up"]).success();
    let all = applied.lines().filter(|line| line.starts_with("applied ")).count();
    assert!(all > 0 && applied.lines().count() == all, "{applied}");
    assert_eq!(status(&workplace), (all, 0));
    assert_eq!(workplace.run(&["migrate", "up"]).success(), "nothing to do\n");

    let reverted = workplace.run(&["migrate", "down"]).success();
    assert_eq!(reverted.lines().filter(|line| line.starts_with("reverted ")).count(), 1, "{reverted}");
    assert_eq!(status(&workplace), (all - 1, 1));
    workplace.run(&["migrate", "down", "--steps", "99"]).success();
    assert_eq!(status(&workplace), (0, all));
    assert_eq!(workplace.run(&["migrate", "down"]).success(), "nothing to do\n");
    workplace.run(&["migrate", "up"]).success();
    workplace.serve().await.stop().success();
}

#[test]
fn the_status_of_migrations_creates_nothing() {
    let workplace = Workplace::default();
    let status = workplace.run(&["migrate", "status"]).success();
    assert!(status.lines().all(|line| line.starts_with("pending ")), "{status}");
    assert!(workplace.content().is_empty());
}

async fn an_admin_can_sign_in_once_made(workplace: Workplace) {
    let said = workplace.run_with_input(CREATE, &format!("{PASSWORD}\n")).success();
    assert!(said.contains("created") && said.contains(EMAIL), "{said}");
    assert!(!said.contains(PASSWORD));
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let tokens = tokens(client.login(EMAIL, PASSWORD).await).await;
    let me: Value = client.me(&tokens.access).await.json().await.unwrap();
    assert_eq!(me["role"], "admin");
    assert_eq!(client.send(Method::GET, "/users", Some(&tokens.access), None).await.status(), StatusCode::OK);
}

async fn making_an_admin_again_changes_nothing(workplace: Workplace) {
    workplace.run_with_input(CREATE, PASSWORD).success();
    let said = workplace.run_with_input(CREATE, "another password entirely").success();
    assert!(said.contains("nothing was changed"), "{said}");
    let node = workplace.serve().await;
    let client = Client::of(&node);
    assert_eq!(client.login(EMAIL, PASSWORD).await.status(), StatusCode::OK);
    assert_eq!(client.login(EMAIL, "another password entirely").await.status(), StatusCode::UNAUTHORIZED);
}

async fn a_plain_user_is_not_made_an_admin(workplace: Workplace) {
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;
    assert_failed(&workplace.run_with_input(CREATE, "another password entirely"), "nothing was changed");
    let me: Value = client.me(&tokens.access).await.json().await.unwrap();
    assert_eq!(me["role"], "user");
}

#[test]
fn an_admin_needs_a_good_password_and_a_good_email() {
    let workplace = Workplace::default();
    assert_failed(&workplace.run_with_input(CREATE, "short"), "password");
    assert_failed(&workplace.run_with_input(CREATE, ""), "password");
    let nobody = ["create-admin", "--email", "nobody", "--password-stdin"];
    assert_failed(&workplace.run_with_input(&nobody, PASSWORD), "--email");
    assert_failed(&workplace.run(&["create-admin", "--email", EMAIL]), "--password-stdin");
    assert!(workplace.content().is_empty(), "nothing may be created: {:?}", workplace.content().keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_the_line_without_its_end() {
    let workplace = Workplace::default();
    workplace.run_with_input(CREATE, " spaces stay \r\nsecond line\n").success();
    let node = workplace.serve().await;
    assert_eq!(Client::of(&node).login(EMAIL, " spaces stay ").await.status(), StatusCode::OK);
}

/// Windows writes one before a text.
#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_is_not_part_of_the_password() {
    let workplace = Workplace::default();
    workplace.run_with_input(CREATE, &format!("\u{feff}{PASSWORD}\r\n")).success();
    let node = workplace.serve().await;
    assert_eq!(Client::of(&node).login(EMAIL, PASSWORD).await.status(), StatusCode::OK);
}

#[test]
fn a_password_longer_than_any_is_refused_and_not_cut() {
    assert_failed(&Workplace::default().run_with_input(CREATE, &"long ".repeat(2000)), "password");
}

async fn cleaning_up_says_how_many_sessions_it_removed(workplace: Workplace) {
    let workplace = workplace.with("APP_CLEANUP__INTERVAL", "0s");
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let first = client.sign_up(EMAIL).await;
    let second = tokens(client.login(EMAIL, PASSWORD).await).await;
    assert_eq!(
        workplace.run(&["cleanup"]).success(),
        "removed 0 sessions that had ended, 0 revocations, 0 signing keys, 0 old events, \
                  0 one-time tokens, 0 ceremonies of passkeys, 0 sign-ins by providers, 0 mails, 0 counts of attempts\n"
    );
    let body = json!({"refresh_token": first.refresh});
    let answer = client.send(Method::POST, "/auth/logout", None, Some(body)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    for _ in 0..2 {
        assert_eq!(
            workplace.run(&["cleanup", "--dry-run"]).success(),
            "would remove 1 sessions that have ended, 0 revocations, 0 signing keys, 0 old events, \
                  0 one-time tokens, 0 ceremonies of passkeys, 0 sign-ins by providers, 0 mails, 0 counts of attempts\n"
        );
    }
    assert_eq!(
        workplace.run(&["cleanup"]).success(),
        "removed 1 sessions that had ended, 0 revocations, 0 signing keys, 0 old events, \
                  0 one-time tokens, 0 ceremonies of passkeys, 0 sign-ins by providers, 0 mails, 0 counts of attempts\n"
    );
    assert_eq!(client.me(&second.access).await.status(), StatusCode::OK);
    assert_eq!(client.me(&first.access).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(client.refresh(&first.refresh).await.status(), StatusCode::UNAUTHORIZED);
}

async fn cleaning_up_removes_events_that_are_old(workplace: Workplace) {
    let workplace = workplace.with("APP_CLEANUP__INTERVAL", "0s");
    let node = workplace.serve().await;
    let client = Client::of(&node);
    client.sign_up(EMAIL).await;
    assert_eq!(client.login(EMAIL, "wrong-donkey-wrong-battery").await.status(), StatusCode::UNAUTHORIZED);
    let old = "UPDATE events SET at = '2020-01-01T00:00:00+00:00' WHERE kind = 'login.failed'";
    tests::run_sql(&workplace.database_url(), old).await;
    let told = |count: u64, ended: &str| {
        format!(
            "0 sessions that {ended} ended, 0 revocations, 0 signing keys, {count} old events, \
             0 one-time tokens, 0 ceremonies of passkeys, 0 sign-ins by providers, 0 mails, 0 counts of attempts\n"
        )
    };
    for _ in 0..2 {
        let would = workplace.run(&["cleanup", "--dry-run"]).success();
        assert_eq!(would, format!("would remove {}", told(1, "have")));
    }
    // Those of today stay.
    for count in [1, 0] {
        assert_eq!(workplace.run(&["cleanup"]).success(), format!("removed {}", told(count, "had")));
    }
}

async fn the_server_cleans_up_by_itself_and_says_so_once(workplace: Workplace) {
    let workplace = workplace.with("APP_CLEANUP__INTERVAL", "1s");
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;
    assert_eq!(client.logout(&tokens.access).await, StatusCode::NO_CONTENT);
    let told = || node.logs().lines().filter(|line| line.contains("removed what had ended")).count();
    let deadline = Instant::now() + Duration::from_secs(20);
    while told() == 0 {
        assert!(Instant::now() < deadline, "{}", node.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(client.me(&tokens.access).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(client.refresh(&tokens.refresh).await.status(), StatusCode::UNAUTHORIZED);
    // It runs again, finds nothing and says nothing.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(told(), 1, "{}", node.logs());
}

#[test]
fn cleaning_up_without_a_database_fails_and_creates_nothing() {
    let workplace = Workplace::default();
    assert_failed(&workplace.run(&["cleanup"]), "");
    assert!(workplace.content().is_empty(), "{:?}", workplace.content().keys());
}

async fn the_healthcheck_follows_the_server(workplace: Workplace) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let workplace = workplace.with("APP_SERVER__PORT", &port);
    assert_failed(&workplace.run(&["healthcheck"]), &port);
    let node = workplace.serve().await;
    assert_eq!(workplace.run(&["healthcheck"]).success(), "ready\n");
    node.stop().success();
    assert_failed(&workplace.run(&["healthcheck"]), &port);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_healthcheck_fails_while_the_database_is_away() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let workplace = Workplace::default().with("APP_SERVER__PORT", port).with("APP_SERVER__HOST", "0.0.0.0");
    let node = workplace.start(&["serve"]);
    node.url();
    assert_eq!(workplace.run(&["healthcheck"]).success(), "ready\n");
    std::fs::rename(workplace.path("data"), workplace.path("away")).unwrap();
    assert_failed(&workplace.run(&["healthcheck"]), "503");
}

#[test]
fn the_openapi_document_is_printed_without_any_configuration() {
    let workplace = Workplace::default().with("APP_NON__SENSE", "1");
    let document: Value = serde_json::from_str(&workplace.run(&["openapi"]).success()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    assert!(document["paths"]["/api/v1/auth/login"]["post"].is_object());
    assert!(workplace.content().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_the_one_that_is_served() {
    let workplace = Workplace::default();
    let printed: Value = serde_json::from_str(&workplace.run(&["openapi"]).success()).unwrap();
    let node = workplace.serve().await;
    let served: Value = Client::of(&node).get("/openapi.json").await.json().await.unwrap();
    assert_eq!(served, printed);
}
