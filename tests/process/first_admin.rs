use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::client::{Client, EMAIL, PASSWORD, tokens};
use tests::on_each_database;
use tests::process::{Node, Workplace};

on_each_database!(
    a_generated_password_is_shown_once_and_signs_in,
    of_many_commands_at_once_one_makes_the_admin,
    the_server_makes_the_admin_of_its_configuration_and_never_changes_it,
    an_account_that_is_no_admin_is_left_alone_with_a_warning,
    an_admin_who_was_deleted_or_changed_the_email_does_not_come_back,
    an_account_that_may_be_an_admin_counts_as_one,
    of_many_servers_that_start_at_once_one_makes_the_admin,
);

const GENERATE: &[&str] = &["create-admin", "--email", EMAIL, "--generate-password"];
const OTHER_PASSWORD: &str = "another password entirely";
const MADE: &str = "made the admin of the configuration";

/// The password in what the command says, if it says one.
fn password_in(output: &str) -> Option<&str> {
    output.lines().find_map(|line| line.strip_prefix("password: "))
}

async fn assert_is_admin(client: &Client, password: &str) {
    let tokens = tokens(client.login(EMAIL, password).await).await;
    let me: Value = client.me(&tokens.access).await.json().await.unwrap();
    assert_eq!(me["role"], "admin");
}

fn bootstrapping(workplace: Workplace, password: &str) -> Workplace {
    workplace.with("APP_BOOTSTRAP__ADMIN_EMAIL", EMAIL).with("APP_BOOTSTRAP__ADMIN_PASSWORD", password)
}

/// How many lines of the log hold these words.
fn count(node: &Node, words: &str) -> usize {
    node.logs().lines().filter(|line| line.contains(words)).count()
}

async fn a_generated_password_is_shown_once_and_signs_in(workplace: Workplace) {
    let workplace = workplace.with("APP_LOG__LEVEL", "trace");
    let finished = workplace.run(GENERATE);
    let password = password_in(&finished.stdout).unwrap().to_owned();
    // Each of its characters has five bits.
    assert!(password.len() * 5 >= 128 && !finished.stderr.contains(&password));
    let again = workplace.run(GENERATE).success();
    assert!(again.contains("nothing was changed") && password_in(&again).is_none(), "{again}");
    assert_is_admin(&Client::of(&workplace.serve().await), &password).await;
}

async fn of_many_commands_at_once_one_makes_the_admin(workplace: Workplace) {
    let mut running: Vec<_> = (0..4).map(|_| workplace.start(GENERATE)).collect();
    let said: Vec<_> = running.iter_mut().map(|node| node.wait_for_exit(std::time::Duration::from_secs(60))).collect();
    let said: Vec<_> = said.into_iter().map(tests::process::Finished::success).collect();
    let passwords: Vec<_> = said.iter().filter_map(|said| password_in(said)).collect();
    assert_eq!(passwords.len(), 1, "{said:?}");
    assert_eq!(said.iter().filter(|said| said.contains("nothing was changed")).count(), 3, "{said:?}");
    assert_is_admin(&Client::of(&workplace.serve().await), passwords[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_a_dotenv_file_is_taken_as_it_is_written() {
    for password in ["correct$HOME$$battery{}staple", "correct\\nhorse#battery\"staple", "correct `horse` 'battery'"] {
        let dotenv = format!("APP_BOOTSTRAP__ADMIN_EMAIL={EMAIL}\nAPP_BOOTSTRAP__ADMIN_PASSWORD={password}\n");
        let node = Workplace::default().with_file(".env", dotenv).serve().await;
        assert_is_admin(&Client::of(&node), password).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_is_not_part_of_a_password_in_a_file() {
    let workplace = Workplace::default()
        .with("APP_BOOTSTRAP__ADMIN_EMAIL", EMAIL)
        .with("APP_BOOTSTRAP__ADMIN_PASSWORD_FILE", "password.txt")
        .with_file("password.txt", format!("\u{feff}{PASSWORD}\r\n"));
    assert_is_admin(&Client::of(&workplace.serve().await), PASSWORD).await;
}

#[test]
fn a_password_is_given_in_one_way() {
    let workplace = Workplace::default();
    let both = [GENERATE, &["--password-stdin"]].concat();
    assert_eq!(workplace.run(&both).code(), Some(2));
    let finished = workplace.run(&["create-admin", "--email", EMAIL]);
    assert_eq!(finished.code(), Some(1));
    assert!(finished.stderr.contains("--password-stdin") && finished.stderr.contains("--generate-password"));
    assert!(workplace.content().is_empty());
}

async fn the_server_makes_the_admin_of_its_configuration_and_never_changes_it(workplace: Workplace) {
    let workplace = workplace
        .with("APP_LOG__LEVEL", "trace")
        .with("APP_BOOTSTRAP__ADMIN_EMAIL", EMAIL)
        .with("APP_BOOTSTRAP__ADMIN_PASSWORD_FILE", "password.txt")
        .with_file("password.txt", format!("{PASSWORD}\n"));
    let node = workplace.serve().await;
    assert_is_admin(&Client::of(&node), PASSWORD).await;
    assert_eq!(count(&node, MADE), 1);
    let logs = node.stop().logs();
    assert!(!logs.contains(PASSWORD) && !logs.contains("$argon2id"));

    let workplace = bootstrapping(workplace.without("APP_BOOTSTRAP__ADMIN_PASSWORD_FILE"), OTHER_PASSWORD);
    let node = workplace.serve().await;
    assert_eq!(Client::of(&node).login(EMAIL, OTHER_PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_is_admin(&Client::of(&node), PASSWORD).await;
    assert_eq!((count(&node, MADE), count(&node, "is there already: nothing was changed")), (0, 1));
    assert_eq!(count(&node, OTHER_PASSWORD), 0);
}

async fn an_account_that_is_no_admin_is_left_alone_with_a_warning(workplace: Workplace) {
    let node = workplace.serve().await;
    Client::of(&node).sign_up(EMAIL).await;
    node.stop().success();
    let workplace = bootstrapping(workplace, OTHER_PASSWORD);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let me: Value = client.me(&client.sign_in(EMAIL).await.access).await.json().await.unwrap();
    assert_eq!(me["role"], "user");
    let logs = node.stop().logs();
    let warning = logs.lines().find(|line| line.contains("is not an active admin: nothing was changed")).unwrap();
    assert!(warning.contains("\"WARN\"") && !warning.contains(EMAIL), "{warning}");
}

async fn an_admin_who_was_deleted_or_changed_the_email_does_not_come_back(workplace: Workplace) {
    const SUCCESSOR: &str = "successor@example.com";
    let workplace = bootstrapping(workplace, PASSWORD);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    client.sign_in(EMAIL).await;
    let proof = json!({"current_password": PASSWORD});
    node.stop().success();
    let url = workplace.database_url();
    tests::run_sql(&url, "UPDATE users SET email = 'moved@example.com', email_key = 'moved@example.com'").await;

    let node = workplace.serve().await;
    let client = Client::of(&node);
    assert_eq!(client.login(EMAIL, PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    let moved = client.sign_in("moved@example.com").await.access;
    let successor = json!({"email": SUCCESSOR, "password": OTHER_PASSWORD, "role": "admin"});
    let made = client.send(Method::POST, "/users", Some(&moved), Some(successor)).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let deleted = client.send(Method::DELETE, "/users/me", Some(&moved), Some(proof)).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    node.stop().success();

    let node = workplace.serve().await;
    let client = Client::of(&node);
    assert_eq!(client.login(EMAIL, PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(client.login(SUCCESSOR, OTHER_PASSWORD).await.status(), StatusCode::OK);
    assert_eq!((count(&node, MADE), count(&node, "is there already: nothing was changed")), (0, 1));
}

/// Such as one whose role only a newer version knows.
async fn an_account_that_may_be_an_admin_counts_as_one(workplace: Workplace) {
    let workplace = bootstrapping(workplace, PASSWORD);
    let url = workplace.database_url();
    workplace.serve().await.stop().success();
    tests::run_sql(&url, "UPDATE users SET email = 'moved@example.com', email_key = 'moved@example.com'").await;
    let mut changes = vec!["role = 'owner'"];
    if url.starts_with("sqlite") {
        changes.extend(["role = 'admin', is_active = 'x'", "role = x'ff', is_active = 1"]);
    }
    for change in changes {
        tests::run_sql(&url, &format!("UPDATE users SET {change}")).await;
        let node = workplace.serve().await;
        assert_eq!(Client::of(&node).login(EMAIL, PASSWORD).await.status(), StatusCode::UNAUTHORIZED, "{change}");
        assert_eq!(count(&node, MADE), 0, "{change}");
        node.stop().success();
    }
    tests::run_sql(&url, "UPDATE users SET role = 'user', is_active = TRUE").await;
    assert_eq!(count(&workplace.serve().await, MADE), 1);
}

async fn of_many_servers_that_start_at_once_one_makes_the_admin(workplace: Workplace) {
    let workplace = bootstrapping(workplace, PASSWORD);
    let nodes: Vec<_> = (0..4).map(|_| workplace.start(&["serve"])).collect();
    for node in &nodes {
        node.wait_until_ready().await;
        assert_is_admin(&Client::of(node), PASSWORD).await;
    }
    let made: usize = nodes.iter().map(|node| count(node, MADE)).sum();
    let recorded: usize = nodes.iter().map(|node| count(node, "\"user.created\"")).sum();
    assert_eq!((made, recorded), (1, 1));
    for node in &nodes {
        assert_eq!((count(node, "\"ERROR\""), count(node, "panicked"), count(node, PASSWORD)), (0, 0, 0));
    }
}

#[test]
fn one_without_the_other_is_a_fault_and_so_is_a_password_that_the_policy_refuses() {
    let (email, password) = ("APP_BOOTSTRAP__ADMIN_EMAIL", "APP_BOOTSTRAP__ADMIN_PASSWORD");
    for (variables, named) in [
        (vec![(email, EMAIL)], password),
        (vec![(password, PASSWORD)], email),
        (vec![(email, EMAIL), (password, "hunt3r2")], password),
        (vec![(email, "hunt3r2"), (password, PASSWORD)], email),
    ] {
        let workplace = Workplace::default().with("APP_SERVER__WORKERS", "many");
        let workplace = variables.iter().fold(workplace, |workplace, (name, value)| workplace.with(name, *value));
        for command in [["config", "check"].as_slice(), &["serve"]] {
            let finished = workplace.run(command);
            assert_eq!(finished.code(), Some(1));
            let faults: Vec<_> = finished.stderr.lines().skip(1).collect();
            assert_eq!(faults.len(), 2, "{}", finished.stderr);
            assert!(faults.iter().any(|fault| fault.contains(&format!("({named})"))), "{}", finished.stderr);
            assert!(!finished.stderr.contains("hunt3r2") && !finished.stderr.contains(PASSWORD), "{}", finished.stderr);
        }
        assert!(workplace.content().is_empty());
    }
}

#[test]
fn the_password_of_the_first_admin_is_not_shown() {
    let text = bootstrapping(Workplace::default(), PASSWORD).run(&["config", "show"]).success();
    assert!(text.contains("bootstrap.admin_password = \"(hidden)\"") && !text.contains(PASSWORD), "{text}");
}

#[test]
fn the_greeting_says_where_the_first_admin_comes_from() {
    let workplace = Workplace::default().with("APP_LOG__FORMAT", "pretty");
    let greeting_of = |workplace: &Workplace| {
        let node = workplace.start(&["serve"]);
        node.url();
        node.stop().success()
    };
    assert!(greeting_of(&workplace).contains("First admin:  hexauth create-admin --email"));
    let greeting = greeting_of(&bootstrapping(workplace, PASSWORD));
    assert!(greeting.contains("APP_BOOTSTRAP__ADMIN_EMAIL") && !greeting.contains("create-admin"), "{greeting}");
    assert!(!greeting.contains(PASSWORD));
}
