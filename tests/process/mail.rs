//! Mail as an operator meets it: files, a relay that is down or refuses, and the commands.

use std::fs;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use tests::client::{Client, EMAIL};
use tests::on_each_database;
use tests::process::{Node, Workplace};
use tokio::time::sleep;

on_each_database!(
    a_mail_is_a_file_that_the_log_names,
    a_relay_that_is_down_changes_no_answer_and_the_mail_comes_later,
    a_mail_can_be_retried_and_dropped,
);

async fn forget(node: &Node) {
    let url = format!("{}/api/v1/auth/password-reset", node.url());
    let begin = Instant::now();
    let answer = reqwest::Client::new().post(url).json(&json!({"email": EMAIL})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

/// What `found` finds, once it is there.
pub(crate) async fn eventually<T>(what: &str, found: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(100)).await;
    }
}

fn mails(workplace: &Workplace) -> Vec<String> {
    let files = fs::read_dir(workplace.path("data/mail")).into_iter().flatten();
    let files =
        files.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "eml"));
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

async fn a_mail_is_a_file_that_the_log_names(workplace: Workplace) {
    // In development nothing has to be set.
    let workplace = workplace.without("APP_MAIL__TRANSPORT");
    let node = workplace.serve().await;
    Client::of(&node).sign_up(EMAIL).await;
    forget(&node).await;
    // One of them is about the registration.
    let both = eventually("no mail comes", || Some(mails(&workplace)).filter(|mails| mails.len() == 2)).await;
    assert!(both.iter().all(|mail| mail.contains(&format!("To: {EMAIL}"))), "{both:?}");
    eventually("the log does not name it", || node.logs().contains("data/mail/").then_some(())).await;
    eventually("it is not marked", || {
        workplace.run(&["outbox", "list", "--state", "sent"]).success().contains(" reset_password ").then_some(())
    })
    .await;
}

/// The ids of the listed mails for another password. There is also one that asks for the proof of the address.
fn resets(listed: &str) -> Vec<&str> {
    let resets = listed.lines().filter(|line| line.contains(" reset_password "));
    resets.map(|line| line.split(' ').next().unwrap()).collect()
}

fn with_relay(workplace: Workplace, port: u16) -> Workplace {
    workplace
        .with("APP_MAIL__TRANSPORT", "smtp")
        .with("APP_MAIL__SMTP__HOST", "127.0.0.1")
        .with("APP_MAIL__SMTP__PORT", port.to_string())
        .with("APP_MAIL__SMTP__SECURITY", "none")
}

async fn a_relay_that_is_down_changes_no_answer_and_the_mail_comes_later(workplace: Workplace) {
    let down = with_relay(workplace, 1);
    let node = down.serve().await;
    Client::of(&node).sign_up(EMAIL).await;
    forget(&node).await;
    eventually("nobody is told", || node.logs().contains("mail cannot be sent").then_some(())).await;
    let listed = down.run(&["outbox", "list", "--state", "pending"]).success();
    // Whoever registers is asked to prove the address.
    for kind in [" reset_password ", " verify_email "] {
        assert_eq!(listed.matches(kind).count(), 1, "{listed}");
    }
    assert!(listed.lines().all(|line| line.ends_with(EMAIL)), "{listed}");
    let failed = down.run(&["mail", "test", "--to", EMAIL]);
    assert_eq!(failed.code(), Some(1));
    assert!(failed.stderr.contains("the relay cannot be used"), "{}", failed.stderr);
    // One warning for the whole outage.
    sleep(Duration::from_secs(4)).await;
    let finished = node.stop();
    let warnings: Vec<_> = finished.stdout.lines().filter(|line| line.contains("mail cannot be sent")).collect();
    assert_eq!(warnings.len(), 1, "{}", finished.stdout);
    assert!(finished.stdout.contains("set APP_MAIL__FROM"), "{}", finished.stdout);
    assert!(warnings[0].contains("the relay cannot be used") && !warnings[0].contains("database"), "{}", warnings[0]);
    let up = down.with("APP_MAIL__TRANSPORT", "file");
    let _node = up.serve().await;
    eventually("the mail does not come", || mails(&up).pop()).await;
    up.run(&["mail", "test", "--to", EMAIL]).success();
}

async fn a_mail_can_be_retried_and_dropped(workplace: Workplace) {
    let workplace = with_relay(workplace, 1);
    let node = workplace.serve().await;
    Client::of(&node).sign_up(EMAIL).await;
    forget(&node).await;
    forget(&node).await;
    let listed = eventually("the mails are not listed", || {
        let listed = workplace.run(&["outbox", "list"]).success();
        (resets(&listed).len() == 2).then_some(listed)
    })
    .await;
    let ids = resets(&listed);
    let shown = workplace.run(&["outbox", "show", ids[0]]).success();
    assert!(shown.contains("reset_password") && shown.contains("tried 0 times"), "{shown}");
    workplace.run(&["outbox", "retry", ids[0]]).success();
    workplace.run(&["outbox", "drop", ids[1]]).success();
    assert_eq!(workplace.run(&["outbox", "drop", ids[1]]).code(), Some(1));
    assert_eq!(resets(&workplace.run(&["outbox", "list"]).success()), ids[..1]);
    // Whatever is kept or logged holds neither link nor code.
    assert!(!node.logs().contains("hxp_"));
}

#[test]
fn mail_that_cannot_be_sent_by_these_settings_is_found_at_the_start() {
    let cases = [
        ("APP_MAIL__TRANSPORT", "smtp", "mail.smtp.host"),
        ("APP_MAIL__FROM", "nobody", "the sender"),
        ("APP_MAIL__LINKS__RESET", "https://app.example.com/reset", "{token}"),
        ("APP_MAIL__TEMPLATES", "no/such/folder", "no/such/folder"),
        ("APP_MAIL__SMTP__USERNAME", "notes", "mail.smtp.password"),
    ];
    for (name, value, fault) in cases {
        let workplace = Workplace::default().with("APP_MAIL__TRANSPORT", "file").with(name, value);
        let finished = workplace.run(&["serve"]);
        assert_eq!(finished.code(), Some(1), "{name}");
        assert!(finished.stderr.contains(fault), "{name}: {}", finished.stderr);
        let checked = workplace.run(&["config", "check"]);
        assert_eq!(checked.code(), Some(1), "{name}");
        assert!(checked.stderr.contains(fault), "{name}: {}", checked.stderr);
    }
}
