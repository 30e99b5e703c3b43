//! Mail from several nodes at once, and what a relay that is not there costs whoever waits for an answer.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::json;
use tests::on_each_database;
use tests::outbox::fill_outbox;
use tests::process::Workplace;
use tests::relay::{Relay, Script};
use tokio::time::sleep;

use crate::figures::percentile_99;
use crate::nodes::Nodes;

on_each_database!(of_three_nodes_one_sends_each_of_a_thousand_mails);

const MAILS: usize = 1_000;

async fn of_three_nodes_one_sends_each_of_a_thousand_mails(workplace: Workplace) {
    let relay = Relay::start(Script::default()).await;
    let nodes = Nodes::start(workplace.with_relay(relay.port()), 3).await;
    let recipients = (0..MAILS).map(|number| format!("user-{number}@example.com"));
    fill_outbox(&nodes.workplace.database_url(), recipients).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while relay.taken().len() < MAILS {
        assert!(Instant::now() < deadline, "{} came", relay.taken().len());
        sleep(Duration::from_millis(50)).await;
    }
    // For whoever would send one a second time.
    sleep(Duration::from_secs(2)).await;
    let taken = relay.taken();
    let recipients: BTreeSet<_> = taken.iter().map(|mail| mail.to.as_str()).collect();
    let ids: BTreeSet<_> = taken.iter().map(|mail| mail.id()).collect();
    assert_eq!((taken.len(), recipients.len(), ids.len()), (MAILS, MAILS, MAILS));
    nodes.assert_no_fault_was_logged();
}

/// How the relay is, in the words of the table in docs/operations/mail.md.
async fn relays() -> Vec<(&'static str, u16)> {
    let fine = Relay::start(Script::default()).await;
    let silent = Relay::start(Script { is_silent: true, ..Script::default() }).await;
    let slow = Relay::start(Script { delay: Duration::from_secs(30), ..Script::default() }).await;
    vec![
        ("it is there", fine.port()),
        ("nobody listens", 1),
        ("it says nothing", silent.port()),
        ("30 s for each reply", slow.port()),
    ]
}

/// The statuses and bodies are the same, in whatever state the relay is, and so is the time. Whoever waited for the
/// relay would wait for seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_in_any_state_changes_no_answer_and_no_time() {
    for (state, port) in relays().await {
        let nodes = Nodes::start_alone(Workplace::default().with_relay(port), 1).await;
        let client = nodes.client(0);
        let ask = |number: usize| async move {
            let email = format!("user-{number}@example.com");
            assert_eq!(client.register(&email).await.status(), StatusCode::CREATED);
            let began = Instant::now();
            let answer = client.post("/auth/password-reset", json!({"email": email})).await;
            assert_eq!((answer.status(), &*answer.text().await.unwrap()), (StatusCode::ACCEPTED, ""), "{state}");
            began.elapsed()
        };
        let times: Vec<_> = stream::iter(0..40).map(ask).buffered(4).collect().await;
        let longest = percentile_99(&format!("resets are asked for while, of the relay, {state}"), times);
        assert!(longest < Duration::from_secs(3), "{state}: {longest:?}");
    }
}
