use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tests::OnDatabase;
use tests::on_each_database;
use tests::process::Workplace;

use tests::client::{Client, EMAIL, PASSWORD};

on_each_database!(
    four_nodes_that_start_at_once_on_an_empty_database_all_become_ready,
    a_node_that_was_killed_starts_again,
    serving_refuses_while_migrations_are_pending_if_it_is_not_to_migrate,
);

fn mode(workplace: &Workplace, name: &str) -> u32 {
    workplace.path(name).metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn without_arguments_it_serves_from_a_file_under_data() {
    let workplace = Workplace::default();
    let node = workplace.start(&[]);
    node.wait_until_ready().await;
    Client::of(&node).sign_up(EMAIL).await;
    assert!(workplace.path("data/hexauth.db").is_file());
    assert_eq!(mode(&workplace, "data/hexauth.db"), 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_hashes_with_the_default_parameters_in_good_time() {
    let workplace = Workplace::default().without("APP_PASSWORD__MEMORY_KIB").without("APP_PASSWORD__ITERATIONS");
    let node = workplace.serve().await;
    let begun = std::time::Instant::now();
    Client::of(&node).sign_up(EMAIL).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_development_it_keeps_a_secret_for_its_owner_only_and_tokens_outlive_a_restart() {
    let workplace = Workplace::default();
    let node = workplace.serve().await;
    let tokens = Client::of(&node).sign_up(EMAIL).await;
    assert_eq!(mode(&workplace, "data/hexauth.secret"), 0o600);
    let secret = std::fs::read(workplace.path("data/hexauth.secret")).unwrap();
    node.stop().success();

    let node = workplace.serve().await;
    assert_eq!(Client::of(&node).me(&tokens.access).await.status(), StatusCode::OK);
    assert_eq!(std::fs::read(workplace.path("data/hexauth.secret")).unwrap(), secret);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_the_secret_of_development_is_kept_under_data() {
    let workplace = <Workplace as OnDatabase>::postgres().await;
    let _node = workplace.serve().await;
    assert_eq!(mode(&workplace, "data/hexauth.secret"), 0o600);
    assert!(!workplace.path("data/hexauth.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_people_where_the_docs_are_and_how_to_make_the_first_admin() {
    let workplace = Workplace::default().with("APP_LOG__FORMAT", "pretty");
    let node = workplace.serve().await;
    let docs = format!("{}/docs/", node.url());
    let output = node.logs();
    assert!(output.contains(&docs), "{output}");
    assert!(output.contains("hexauth create-admin --email"), "{output}");
    assert_eq!(Client::of(&node).get("/docs/").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_json_logs_nothing_but_json_is_written() {
    let workplace = Workplace::default();
    let finished = workplace.serve().await.stop();
    assert_eq!(finished.stderr, "");
    for line in finished.stdout.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap().is_object(), "{line}");
    }
}

async fn four_nodes_that_start_at_once_on_an_empty_database_all_become_ready(workplace: Workplace) {
    let workplace = workplace.with("APP_SECRET_KEY", "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T");
    let nodes = [(); 4].map(|()| workplace.start(&["serve"]));
    for node in &nodes {
        node.wait_until_ready().await;
    }
    let tokens = Client::of(&nodes[0]).sign_up(EMAIL).await;
    for node in &nodes {
        assert_eq!(Client::of(node).me(&tokens.access).await.status(), StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_nodes_that_start_at_once_in_one_folder_agree_on_the_secret() {
    let workplace = Workplace::default();
    let nodes = [(); 4].map(|()| workplace.start(&["serve"]));
    let mut tokens = None;
    for node in &nodes {
        node.wait_until_ready().await;
        let client = Client::of(node);
        let tokens = match &tokens {
            Some(tokens) => tokens,
            None => tokens.insert(client.sign_up(EMAIL).await),
        };
        assert_eq!(client.me(&tokens.access).await.status(), StatusCode::OK);
    }
}

async fn a_node_that_was_killed_starts_again(workplace: Workplace) {
    let mut node = workplace.serve().await;
    Client::of(&node).sign_up(EMAIL).await;
    node.signal("KILL");
    node.wait_for_exit(Duration::from_secs(5));
    let node = workplace.serve().await;
    assert_eq!(Client::of(&node).login(EMAIL, PASSWORD).await.status(), StatusCode::OK);
}

async fn serving_refuses_while_migrations_are_pending_if_it_is_not_to_migrate(workplace: Workplace) {
    let workplace = workplace.with("APP_DATABASE__MIGRATE_ON_START", "false");
    workplace.run(&["migrate", "up"]).success();
    workplace.run(&["migrate", "down"]).success();
    let refused = workplace.run(&["serve"]);
    assert_eq!(refused.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("hexauth migrate up"), "{}", refused.stderr);
    workplace.run(&["migrate", "up"]).success();
    workplace.serve().await.stop().success();
}
