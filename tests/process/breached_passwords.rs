//! The list of breached passwords in a file, from the download to a node that asks it.

use std::fs;

use reqwest::StatusCode;
use tests::client::{Client, EMAIL, PASSWORD};
use tests::on_each_database;
use tests::process::Workplace;

on_each_database!(a_list_that_was_imported_is_asked_by_the_server_and_by_commands);

const IMPORT: &[&str] = &["passwords", "import-breached", "download.txt"];
const CREATE: &[&str] = &["create-admin", "--email", EMAIL, "--password-stdin"];

/// SHA-1 of [`PASSWORD`], after that of `password`.
const DOWNLOAD: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:10434004\r\n\
    ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42:222\r\n";

fn with_list(workplace: Workplace) -> Workplace {
    workplace.with("APP_PASSWORD__BREACHED_FILE", "breached").with_file("download.txt", DOWNLOAD)
}

async fn a_list_that_was_imported_is_asked_by_the_server_and_by_commands(workplace: Workplace) {
    let workplace = with_list(workplace);
    let said = workplace.run(IMPORT).success();
    assert_eq!(said, "imported 2 hashes into breached: nodes read it when they start\n");
    let refused = workplace.run_with_input(CREATE, PASSWORD);
    assert_eq!(refused.code(), Some(1));
    assert!(refused.stderr.contains("on a list of passwords that became known"), "{}", refused.stderr);
    workplace.run_with_input(CREATE, "another password entirely").success();
    let node = workplace.serve().await;
    let client = Client::of(&node);
    assert_eq!(client.register("grace@example.com").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(client.login(EMAIL, "another password entirely").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_start_without_its_list_or_with_a_damaged_one() {
    let workplace = with_list(Workplace::default());
    let refused = |workplace: &Workplace, words: &str| {
        for command in [&["serve"][..], CREATE] {
            let finished = workplace.run_with_input(command, "another password entirely");
            assert_eq!(finished.code(), Some(1), "{}", finished.stderr);
            let said = finished.stderr.lines().last().unwrap_or_default();
            assert!(said.contains("breached") && said.contains(words), "{said}");
        }
    };
    refused(&workplace, "No such file");
    workplace.run(IMPORT).success();
    let (list, whole) = (workplace.path("breached"), fs::read(workplace.path("breached")).unwrap());
    let mut changed = whole.clone();
    changed[50] ^= 4;
    for (bytes, words) in [
        (&whole[..whole.len() - 3], "another length"),
        (&whole[..20], "too short"),
        (DOWNLOAD.as_bytes(), "is not one"),
        (&changed, "was changed"),
    ] {
        fs::write(&list, bytes).unwrap();
        refused(&workplace, words);
    }
    // It says how to repair it.
    refused(&workplace, "hexauth passwords import-breached");
    workplace.run(IMPORT).success();
    workplace.serve().await.stop().success();
}

#[test]
fn a_bad_download_is_refused_by_its_line_and_leaves_nothing() {
    let workplace = with_list(Workplace::default()).with_file("download.txt", format!("{DOWNLOAD}hello\n"));
    let finished = workplace.run(IMPORT);
    assert_eq!(finished.code(), Some(1));
    assert!(finished.stderr.contains("line 3 of download.txt"), "{}", finished.stderr);
    assert_eq!(workplace.content().len(), 1, "{:?}", workplace.content().keys());
    let without = workplace.without("APP_PASSWORD__BREACHED_FILE").run(IMPORT);
    assert_eq!(without.code(), Some(1));
    assert!(without.stderr.contains("APP_PASSWORD__BREACHED_FILE"), "{}", without.stderr);
}

#[test]
fn a_file_and_a_service_at_once_are_a_fault_and_so_is_a_service_that_others_could_listen_to() {
    for (file, url, words) in [
        ("breached", "https://api.example.com/range", "does not go together"),
        ("", "http://api.example.com/range", "https"),
        ("", "api.example.com", "https"),
    ] {
        let workplace =
            Workplace::default().with("APP_PASSWORD__BREACHED_FILE", file).with("APP_PASSWORD__BREACHED_URL", url);
        let finished = workplace.run(&["config", "check"]);
        assert_eq!(finished.code(), Some(1), "{}", finished.stderr);
        assert!(
            finished.stderr.contains("APP_PASSWORD__BREACHED_URL") && finished.stderr.contains(words),
            "{}",
            finished.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_a_service_of_ranges_is_warned_of_once_and_names_no_password() {
    // Nobody listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let workplace = Workplace::default()
        .with("APP_PASSWORD__BREACHED_URL", format!("http://{address}/range"))
        .with("APP_LOG__LEVEL", "trace");
    let node = workplace.serve().await;
    let client = Client::of(&node);
    for email in [EMAIL, "grace@example.com", "joan@example.com"] {
        assert_eq!(client.register(email).await.status(), StatusCode::CREATED);
    }
    let logs = node.stop().logs();
    let warnings = logs.lines().filter(|line| line.contains("breached passwords cannot be looked for"));
    assert_eq!(warnings.count(), 1, "{logs}");
    // Nor the digits that would have been sent.
    assert!(!logs.contains(PASSWORD) && !logs.contains("ABF7A"), "{logs}");
}

/// The operator hears what would be better, as others do.
#[test]
fn a_guessable_password_of_an_admin_is_refused_with_advice() {
    let workplace = Workplace::default();
    let refused = workplace.run_with_input(CREATE, "password12345");
    assert_eq!(refused.code(), Some(1));
    let said = refused.stderr.lines().last().unwrap_or_default();
    assert!(said.contains("too easy to guess") && said.contains("Add another word"), "{said}");
    assert!(!refused.stderr.contains("password12345"));
    let named = workplace.run_with_input(
        &["create-admin", "--email", "lovelace@example.com", "--password-stdin"],
        "of the Lovelace papers, 1815",
    );
    assert!(named.stderr.contains("must not contain your name"), "{}", named.stderr);
    let workplace =
        workplace.with("APP_BOOTSTRAP__ADMIN_EMAIL", EMAIL).with("APP_BOOTSTRAP__ADMIN_PASSWORD", "password12345");
    let refused = workplace.run(&["serve"]);
    assert_eq!(refused.code(), Some(1));
    assert!(refused.logs().contains("too easy to guess"), "{}", refused.logs());
}
