use reqwest::StatusCode;
use tests::client::{Client, EMAIL, PASSWORD};
use tests::on_each_database;
use tests::process::Workplace;

on_each_database!(
    a_password_that_is_set_signs_in_and_ends_all_sessions_on_a_server_that_runs,
    the_last_admin_who_forgot_their_password_gets_in_again,
    of_an_account_that_is_not_there_nothing_is_changed,
);

const SET: &[&str] = &["set-password", "--email", EMAIL, "--password-stdin"];
const NEW: &str = "another password entirely";

async fn a_password_that_is_set_signs_in_and_ends_all_sessions_on_a_server_that_runs(workplace: Workplace) {
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;
    let finished = workplace.run_with_input(SET, &format!("{NEW}\n"));
    assert!(finished.stderr.contains("\"password.set\"") && !finished.stderr.contains(NEW), "{}", finished.stderr);
    let said = finished.success();
    assert!(said.contains(EMAIL) && said.contains("ended all sessions") && !said.contains(NEW), "{said}");
    assert_eq!(client.login(EMAIL, PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(client.login(EMAIL, NEW).await.status(), StatusCode::OK);
    // The server hears of it as of what another node does.
    for _ in 0..100 {
        if client.me(&tokens.access).await.status() == StatusCode::UNAUTHORIZED {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the access token of before still works");
}

async fn the_last_admin_who_forgot_their_password_gets_in_again(workplace: Workplace) {
    workplace.run_with_input(&["create-admin", "--email", EMAIL, "--password-stdin"], PASSWORD).success();
    let workplace = workplace.with("APP_LOG__LEVEL", "trace");
    let finished = workplace.run(&["set-password", "--email", "ADA@example.com", "--generate-password"]);
    let password = finished.stdout.lines().find_map(|line| line.strip_prefix("password: ")).unwrap().to_owned();
    assert!(password.len() * 5 >= 128 && !finished.stderr.contains(&password));
    finished.success();
    let node = workplace.serve().await;
    let client = Client::of(&node);
    assert_eq!(client.login(EMAIL, PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(client.login(EMAIL, &password).await.status(), StatusCode::OK);
}

async fn of_an_account_that_is_not_there_nothing_is_changed(workplace: Workplace) {
    workplace.run(&["migrate", "up"]).success();
    for flag in [&["--generate-password"], &["--password-stdin"]] {
        let command = [&["set-password", "--email", EMAIL], flag.as_slice()].concat();
        let finished = workplace.run_with_input(&command, NEW);
        assert_eq!((finished.code(), finished.stdout.as_str()), (Some(1), ""));
        assert!(finished.stderr.contains("no account with this email"), "{}", finished.stderr);
    }
}

#[test]
fn a_bad_password_or_email_or_a_database_that_is_not_there_changes_nothing() {
    let workplace = Workplace::default();
    for (email, password, words) in
        [(EMAIL, "short", "password"), ("nobody", PASSWORD, "--email"), (EMAIL, PASSWORD, "migrations are pending")]
    {
        let finished = workplace.run_with_input(&["set-password", "--email", email, "--password-stdin"], password);
        assert_eq!((finished.code(), finished.stdout.as_str()), (Some(1), ""));
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
    assert!(workplace.content().is_empty(), "nothing may be created: {:?}", workplace.content().keys());
}
