use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::client::{Client, EMAIL, PASSWORD, tokens};
use tests::process::Workplace;
use tests::{on_each_database, run_sql, totp};

use crate::nodes::Nodes;

on_each_database!(of_a_hundred_at_once_over_four_nodes_one_signs_in);

const NODES: usize = 4;
const CALLERS: usize = 100;

async fn challenge(client: &Client) -> String {
    let asked: Value = client.login(EMAIL, PASSWORD).await.json().await.unwrap();
    asked["challenge"].as_str().unwrap_or_else(|| panic!("no challenge in {asked}")).to_owned()
}

/// Shows these codes for these challenges at once, each to the next node, and asserts that one session begins.
async fn race(nodes: &Nodes, path: &str, shown: impl Iterator<Item = (String, String)>) {
    let answers = shown.enumerate().map(|(number, (challenge, code))| async move {
        nodes.client(number).post(path, json!({"challenge": challenge, "code": code})).await
    });
    let mut signed_in = Vec::new();
    for answer in join_all(answers).await {
        let status = answer.status().as_u16();
        assert!([200, 400, 401, 429].contains(&status), "{answer:?}");
        if status == 200 {
            signed_in.push(tokens(answer).await);
        }
    }
    assert_eq!(signed_in.len(), 1, "{path}");
    assert_eq!(nodes.verify(&signed_in[0].access).await, [StatusCode::OK; NODES]);
    // The next ones are not to wait for those who lost.
    run_sql(&nodes.workplace.database_url(), "DELETE FROM attempts").await;
}

/// The same code of an app for as many challenges, the same recovery code, and the same challenge.
async fn of_a_hundred_at_once_over_four_nodes_one_signs_in(workplace: Workplace) {
    let nodes = Nodes::start(workplace, NODES).await;
    let tokens = nodes.client(0).sign_up(EMAIL).await;
    let ada = nodes.client(0).add_authenticator(&tokens).await;
    for path in ["/auth/challenge/totp", "/auth/challenge/recovery-code"] {
        let challenges = join_all((0..CALLERS).map(|number| challenge(nodes.client(number)))).await;
        // As if half a minute had gone by.
        run_sql(&nodes.workplace.database_url(), "UPDATE totp_devices SET last_step = 0").await;
        let code = if path.ends_with("totp") { totp::code(&ada.secret) } else { ada.recovery_codes[0].clone() };
        race(&nodes, path, challenges.into_iter().map(|challenge| (challenge, code.clone()))).await;
    }
    let challenge = challenge(nodes.client(0)).await;
    let codes = ada.recovery_codes[1..].iter().cycle().take(CALLERS);
    race(&nodes, "/auth/challenge/recovery-code", codes.map(|code| (challenge.clone(), code.clone()))).await;
    nodes.assert_no_fault_was_logged();
}
