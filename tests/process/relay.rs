//! Mail and a relay that does not do what it should, and a server that is killed on the way.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::client::{Client, PASSWORD};
use tests::outbox::fill_outbox;
use tests::process::{Finished, Node, Workplace};
use tests::relay::{Relay, Script, Step, Taken};
use tests::{on_each_database, run_sql};
use tokio::time::sleep;

on_each_database!(
    a_server_that_is_killed_at_any_step_loses_no_mail_and_sends_it_at_most_twice,
    one_mail_that_is_refused_stops_no_others,
    a_mail_that_is_deferred_comes_later,
    a_relay_that_wants_another_proof_of_who_sends_uses_up_no_attempt,
    no_token_and_no_code_are_kept_or_logged,
);

/// More than a test waits for anything.
const SOON: Duration = Duration::from_secs(30);

/// Waits until it is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// An account whose owner is mailed nothing at first.
fn make_account(workplace: &Workplace, email: &str) {
    let command = ["create-admin", "--email", email, "--password-stdin"];
    workplace.run_with_input(&command, PASSWORD).success();
}

async fn forget(client: &Client, email: &str) {
    let answer = client.post("/auth/password-reset", json!({"email": email})).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
}

fn listed(workplace: &Workplace, state: &str) -> Vec<String> {
    let finished: Finished = workplace.run(&["outbox", "list", "--state", state, "--limit", "1000"]);
    finished.success().lines().map(str::to_owned).collect()
}

fn to<'a>(taken: &'a [Taken], email: &str) -> Vec<&'a Taken> {
    taken.iter().filter(|mail| mail.to == email).collect()
}

/// Kills the server when its mail has come to each step, as often as that.
async fn kill_at_each_step(workplace: Workplace, times: usize) {
    let relay = Relay::start(Script::default()).await;
    let workplace = workplace.with_relay(relay.port());
    let mut node = workplace.serve().await;
    let steps = Step::ALL.into_iter().map(Some).chain([None]);
    for (number, step) in steps.cycle().take((Step::ALL.len() + 1) * times).enumerate() {
        let email = format!("user-{number}@example.com");
        let client = Client::of(&node);
        make_account(&workplace, &email);
        relay.follow(Script { halts_at: step, ..Script::default() });
        forget(&client, &email).await;
        if step.is_some() {
            relay.has_halted().await;
        }
        // Without a step: as soon as the request has been answered.
        drop(node);
        relay.follow(Script::default());
        // The lease of a node that is gone ends after minutes.
        run_sql(&workplace.database_url(), "UPDATE outbox SET due_at = created_at WHERE due_at IS NOT NULL").await;
        node = workplace.serve().await;
        until(&format!("{step:?}: the mail is lost"), || !to(&relay.taken(), &email).is_empty()).await;
        until(&format!("{step:?}: it is sent for ever"), || listed(&workplace, "pending").is_empty()).await;
        let taken = relay.taken();
        let copies = to(&taken, &email);
        let ids: BTreeSet<_> = copies.iter().map(|mail| mail.id()).collect();
        let most = if step == Some(Step::Taken) { 2 } else { 1 };
        assert!(copies.len() <= most && ids.len() == 1, "{step:?}: {copies:?}");
    }
}

async fn a_server_that_is_killed_at_any_step_loses_no_mail_and_sends_it_at_most_twice(workplace: Workplace) {
    kill_at_each_step(workplace, 1).await;
}

/// `just test-kills` runs it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes: just test-kills"]
async fn a_server_that_is_killed_twenty_times_at_each_step_loses_no_mail() {
    kill_at_each_step(Workplace::default(), 20).await;
}

async fn one_mail_that_is_refused_stops_no_others(workplace: Workplace) {
    let relay = Relay::start(Script { to_bad: "554 5.7.1 never", ..Script::default() }).await;
    let workplace = workplace.with_relay(relay.port());
    workplace.run(&["migrate", "up"]).success();
    let recipients = (0..99).map(|number| format!("user-{number}@example.com"));
    fill_outbox(&workplace.database_url(), ["bad@example.com".to_owned()].into_iter().chain(recipients)).await;
    let _node = workplace.serve().await;
    let began = Instant::now();
    until("not all arrive", || relay.taken().len() == 99).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    until("nothing is given up", || listed(&workplace, "dead").len() == 1).await;
    let dead = listed(&workplace, "dead");
    let id = dead[0].split(' ').next().unwrap();
    let shown = workplace.run(&["outbox", "show", id]).success();
    assert!(shown.contains("bad@example.com") && shown.contains("tried 1 times") && shown.contains("never"), "{shown}");
    assert_eq!(to(&relay.taken(), "bad@example.com").len(), 0);
}

async fn a_mail_that_is_deferred_comes_later(workplace: Workplace) {
    let relay = Relay::start(Script { to_bad: "451 4.3.0 later", ..Script::default() }).await;
    let workplace = workplace.with_relay(relay.port());
    let node = workplace.serve().await;
    let client = Client::of(&node);
    make_account(&workplace, "bad@example.com");
    forget(&client, "bad@example.com").await;
    let shown = || {
        let pending = listed(&workplace, "pending");
        let id = pending.first().and_then(|line| line.split(' ').next()).unwrap_or_default().to_owned();
        if id.is_empty() { String::new() } else { workplace.run(&["outbox", "show", &id]).success() }
    };
    until("it is not tried again", || shown().contains("tried 2 times")).await;
    assert!(shown().contains("later"));
    relay.follow(Script::default());
    until("it does not come", || to(&relay.taken(), "bad@example.com").len() == 1).await;
}

async fn a_relay_that_wants_another_proof_of_who_sends_uses_up_no_attempt(workplace: Workplace) {
    let relay = Relay::start(Script { to_sender: "530 5.7.0 Authentication required", ..Script::default() }).await;
    let workplace = workplace.with_relay(relay.port());
    let node = workplace.serve().await;
    let client = Client::of(&node);
    make_account(&workplace, "ada@example.com");
    forget(&client, "ada@example.com").await;
    until("nobody is told", || node.logs().contains("mail cannot be sent")).await;
    assert!(listed(&workplace, "dead").is_empty());
    let pending = listed(&workplace, "pending");
    let shown = workplace.run(&["outbox", "show", pending[0].split(' ').next().unwrap()]).success();
    assert!(shown.contains("tried 0 times"), "{shown}");
    relay.follow(Script::default());
    until("the mail does not come", || relay.taken().len() == 1).await;
    until("it is not said that it is over", || node.logs().contains("it works again")).await;
    let logs = node.logs();
    let warnings = logs.lines().filter(|line| line.contains("\"WARN\"") && line.contains("mail cannot be sent"));
    assert_eq!(warnings.count(), 1, "{logs}");
}

/// Not before a mail is sent, nor after it was sent or used, whatever the level of the log.
async fn no_token_and_no_code_are_kept_or_logged(workplace: Workplace) {
    let relay = Relay::start(Script { halts_at: Some(Step::Data), ..Script::default() }).await;
    let workplace = workplace.with_relay(relay.port()).with("APP_LOG__LEVEL", "trace");
    let node = workplace.serve().await;
    let client = Client::of(&node);
    make_account(&workplace, "ada@example.com");
    forget(&client, "ada@example.com").await;
    relay.has_halted().await;
    let waiting = everything(&workplace);
    drop(node);
    relay.follow(Script::default());
    run_sql(&workplace.database_url(), "UPDATE outbox SET due_at = created_at").await;
    let node = workplace.serve().await;
    until("the mail does not come", || !relay.taken().is_empty()).await;
    let mail = relay.taken().remove(0).decoded();
    let token: String = mail.split("#token=").nth(1).unwrap().chars().take_while(|c| !c.is_whitespace()).collect();
    let code = mail.lines().find(|line| line.len() == 9 && line.as_bytes()[4] == b'-').unwrap().to_owned();
    let client = Client::of(&node);
    for (proof, status) in [
        (json!({"email": "eve@example.com", "code": code, "new_password": "another good password"}), None),
        (json!({"token": token, "new_password": "another good password"}), Some(StatusCode::NO_CONTENT)),
        (json!({"token": token, "new_password": "another good password"}), None),
    ] {
        let answer = client.send(Method::POST, "/auth/password-reset/confirm", None, Some(proof)).await;
        if let Some(status) = status {
            assert_eq!(answer.status(), status);
        }
    }
    let logs = node.logs();
    let finished = node.stop().logs();
    let listed = ["pending", "sent", "dead"].map(|state| listed(&workplace, state).join("\n")).join("\n");
    let kept = everything(&workplace);
    for secret in [token.as_str(), &code, &code.replace('-', ""), PASSWORD, "another good password"] {
        for (place, text) in [
            ("the database", &kept),
            ("the database while it waits", &waiting),
            ("the log", &logs),
            ("the log", &finished),
            ("the list", &listed),
        ] {
            assert!(!text.contains(secret), "{secret} is in {place}");
        }
    }
    assert!(logs.contains("\"TRACE\""), "nothing was logged at that level");
}

/// What is in the files of the folder, among which is the database, if it is one.
fn everything(workplace: &Workplace) -> String {
    let files = workplace.content().into_values().flatten();
    files.map(|content| String::from_utf8_lossy(&content).into_owned()).collect()
}

/// What was counted before a node was killed counts after it, on every node.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_gains_nothing_by_a_server_that_is_killed() {
    let workplace = Workplace::default();
    let node: Node = workplace.serve().await;
    let client = Client::of(&node);
    client.register("ada@example.com").await;
    for _ in 0..10 {
        assert_eq!(client.login("ada@example.com", "wrong").await.status(), StatusCode::UNAUTHORIZED);
    }
    // Further attempts make the wait longer than a restart takes.
    for _ in 0..3 {
        let refused = client.login("ada@example.com", "wrong").await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        sleep(Duration::from_secs(seconds)).await;
        assert_eq!(client.login("ada@example.com", "wrong").await.status(), StatusCode::UNAUTHORIZED);
    }
    drop(node);
    let node = workplace.serve().await;
    let refused = Client::of(&node).login("ada@example.com", PASSWORD).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
}
