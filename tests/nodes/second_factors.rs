use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Client, EMAIL, PASSWORD};
use tests::process::Workplace;
use tests::relay::{Relay, Script};
use tests::{count, on_each_database, run_sql, totp};
use tokio::time::{sleep, timeout};

use crate::nodes::Nodes;

on_each_database!(
    of_a_hundred_at_once_over_four_nodes_one_signs_in,
    of_a_hundred_at_once_with_one_mailed_code_over_four_nodes_one_signs_in,
    of_two_hundred_guesses_at_once_over_four_nodes_five_are_looked_at,
    of_sixty_codes_asked_for_at_once_over_four_nodes_three_are_mailed,
    of_two_removals_at_once_over_two_nodes_a_factor_that_is_required_stays,
);

const NODES: usize = 4;
const CALLERS: usize = 100;
const REQUIRED: (&str, &str) = ("APP_AUTH__SECOND_FACTOR", "required");

async fn challenge(client: &Client) -> String {
    let asked: Value = client.login(EMAIL, PASSWORD).await.json().await.unwrap();
    asked["challenge"].as_str().unwrap_or_else(|| panic!("no challenge in {asked}")).to_owned()
}

/// The same code of an app for as many challenges, the same recovery code, and the same challenge.
async fn of_a_hundred_at_once_over_four_nodes_one_signs_in(workplace: Workplace) {
    let nodes = Nodes::start(workplace, NODES).await;
    let tokens = nodes.client(0).sign_up(EMAIL).await;
    let ada = nodes.client(0).add_authenticator(&tokens, "Phone").await;
    let body = |challenge: &String, code: &String| json!({"challenge": challenge, "code": code});
    for path in ["/auth/challenge/totp", "/auth/challenge/recovery-code"] {
        let challenges = join_all((0..CALLERS).map(|number| challenge(nodes.client(number)))).await;
        // As if half a minute had gone by.
        run_sql(&nodes.workplace.database_url(), "UPDATE totp_devices SET last_step = 0").await;
        let code = if path.ends_with("totp") { totp::code(&ada.secret) } else { ada.recovery_codes[0].clone() };
        nodes.assert_one_signs_in(path, challenges.iter().map(|challenge| body(challenge, &code))).await;
    }
    let challenge = challenge(nodes.client(0)).await;
    let codes = ada.recovery_codes[1..].iter().cycle().take(CALLERS);
    nodes.assert_one_signs_in("/auth/challenge/recovery-code", codes.map(|code| body(&challenge, code))).await;
    nodes.assert_no_fault_was_logged();
}

/// The code that is asked for after a password, once the mail has come.
async fn mailed_code(relay: &Relay) -> String {
    loop {
        let mail = relay.taken().into_iter().find(|mail| mail.text.contains("Subject: Your code for "));
        if let Some(mail) = mail {
            let is_code = |line: &&str| line.len() == 9 && line.as_bytes()[4] == b'-';
            return mail.text.lines().map(str::trim_end).find(is_code).unwrap().to_owned();
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Nodes where a second factor is required, and challenges of an account that has none and whose time without one is
/// over.
async fn overdue(workplace: Workplace, challenges: usize) -> (Relay, Nodes, Vec<String>) {
    let relay = Relay::start(Script::default()).await;
    let nodes = Nodes::start(workplace.with_relay(relay.port()).with(REQUIRED.0, REQUIRED.1), NODES).await;
    let url = nodes.workplace.database_url();
    nodes.client(0).sign_up(EMAIL).await;
    run_sql(&url, "UPDATE users SET email_verified = true").await;
    run_sql(&url, "UPDATE second_factor_graces SET began_at = '2026-01-01T00:00:00Z'").await;
    let challenges = join_all((0..challenges).map(|number| challenge(nodes.client(number)))).await;
    (relay, nodes, challenges)
}

/// For as many challenges.
async fn of_a_hundred_at_once_with_one_mailed_code_over_four_nodes_one_signs_in(workplace: Workplace) {
    let (relay, nodes, challenges) = overdue(workplace, CALLERS).await;
    let send = json!({"challenge": challenges[0]});
    assert_eq!(nodes.client(0).post("/auth/challenge/email-code/send", send).await.status().as_u16(), 202);
    let code = timeout(Duration::from_secs(30), mailed_code(&relay)).await.unwrap();
    let bodies = challenges.iter().map(|challenge| json!({"challenge": challenge, "code": code}));
    nodes.assert_one_signs_in("/auth/challenge/email-code", bodies).await;
    let sessions = "SELECT count(*) AS n FROM refresh_tokens";
    assert_eq!(count(&nodes.workplace.database_url(), sessions).await, 2);
    nodes.assert_no_fault_was_logged();
}

async fn of_two_removals_at_once_over_two_nodes_a_factor_that_is_required_stays(workplace: Workplace) {
    let nodes = Nodes::start(workplace.with(REQUIRED.0, REQUIRED.1), 2).await;
    let client = nodes.client(0);
    for (number, has_passkey) in [true, false].into_iter().cycle().take(10).enumerate() {
        let tokens = client.sign_up(&format!("user-{number}@example.com")).await;
        let app = client.add_authenticator(&tokens, "Phone").await;
        let tokens = tests::client::tokens(client.refresh(&tokens.refresh).await).await;
        let other = match has_passkey {
            true => client.add_passkey(&tokens, "Key").await.path,
            false => client.add_authenticator(&tokens, "Tablet").await.path,
        };
        let tokens = tests::client::tokens(client.refresh(&tokens.refresh).await).await;
        nodes.assert_one_is_removed(&tokens, [&app.path, &other], "last_factor").await;
    }
    nodes.assert_no_fault_was_logged();
}

/// Whatever is guessed, wherever it is shown, and by however many challenges.
async fn of_two_hundred_guesses_at_once_over_four_nodes_five_are_looked_at(workplace: Workplace) {
    let nodes = Nodes::start(workplace, NODES).await;
    let tokens = nodes.client(0).sign_up(EMAIL).await;
    let ada = nodes.client(0).add_authenticator(&tokens, "Phone").await;
    let tokens = tests::client::tokens(nodes.client(0).refresh(&tokens.refresh).await).await;
    let challenges = join_all((0..20).map(|number| challenge(nodes.client(number)))).await;
    let (wrong, wrong_recovery) = (totp::wrong_code(&ada.secret), "22222-22222");
    let guess = |number: usize| {
        let (client, challenge, access) = (nodes.client(number), &challenges[number % 20], tokens.access.as_str());
        let (path, access, body) = match number % 5 {
            0 | 1 => ("/auth/challenge/totp", None, json!({"challenge": challenge, "code": wrong})),
            2 => ("/auth/challenge/recovery-code", None, json!({"challenge": challenge, "code": wrong_recovery})),
            3 => ("/auth/step-up", Some(access), json!({"totp": wrong})),
            _ => ("/auth/step-up", Some(access), json!({"recovery_code": wrong_recovery})),
        };
        async move { client.send(Method::POST, path, access, Some(body)).await.status().as_u16() }
    };
    let statuses = join_all((0..200).map(guess)).await;
    // 403 is of whoever is signed in.
    let looked_at = statuses.iter().filter(|status| matches!(**status, 401 | 403)).count();
    let refused = statuses.iter().filter(|status| **status == 429).count();
    // While this runs, a second may have passed, after which there is another.
    assert!((5..=7).contains(&looked_at) && looked_at + refused == 200, "{statuses:?}");
    nodes.assert_no_fault_was_logged();
}

async fn of_sixty_codes_asked_for_at_once_over_four_nodes_three_are_mailed(workplace: Workplace) {
    let (_relay, nodes, challenges) = overdue(workplace, 20).await;
    let send = |number: usize| {
        let body = json!({"challenge": challenges[number % challenges.len()]});
        nodes.client(number).post("/auth/challenge/email-code/send", body)
    };
    for answer in join_all((0..60).map(send)).await {
        assert_eq!(answer.status().as_u16(), 202);
    }
    let mails = "SELECT count(*) AS n FROM outbox WHERE kind = 'email_code'";
    assert_eq!(count(&nodes.workplace.database_url(), mails).await, 3);
    nodes.assert_no_fault_was_logged();
}
