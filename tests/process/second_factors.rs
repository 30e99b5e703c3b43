use reqwest::StatusCode;
use tests::client::{Client, EMAIL, PASSWORD, status};
use tests::on_each_database;
use tests::process::Workplace;

on_each_database!(whoever_lost_their_factors_gets_in_again_by_the_word_of_the_operator);

const RESET: &[&str] = &["users", "reset-factors", "--email"];

async fn whoever_lost_their_factors_gets_in_again_by_the_word_of_the_operator(workplace: Workplace) {
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;
    client.add_authenticator(&tokens, "Phone").await;
    assert_eq!(client.login(EMAIL, PASSWORD).await.status(), StatusCode::FORBIDDEN);
    for (email, words) in [("eve@example.com", "no account with this email"), ("nobody", "--email")] {
        let finished = workplace.run(&[RESET, &[email]].concat());
        assert_eq!((finished.code(), finished.stdout.as_str()), (Some(1), ""));
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
    assert_eq!(client.login(EMAIL, PASSWORD).await.status(), StatusCode::FORBIDDEN);
    let finished = workplace.run(&[RESET, &["ADA@example.com"]].concat());
    assert!(finished.stderr.contains("\"factors.reset\""), "{}", finished.stderr);
    let said = finished.success();
    assert!(said.contains("removed all second factors") && said.contains("ended all sessions"), "{said}");
    assert_eq!(status(client.refresh(&tokens.refresh).await).await, StatusCode::UNAUTHORIZED);
    let tokens = client.sign_in(EMAIL).await;
    let said = workplace.run(&[RESET, &[EMAIL]].concat()).success();
    assert_eq!(said, "ada@example.com has no second factors; nothing was changed\n");
    assert_eq!(status(client.refresh(&tokens.refresh).await).await, StatusCode::OK);
}

/// A code by mail is what is left to whoever sets up none in time.
#[tokio::test(flavor = "multi_thread")]
async fn a_factor_that_is_required_where_no_mail_is_sent_is_warned_of_once() {
    for (required, transport, times) in
        [("admins", "off", 1), ("required", "off", 1), ("optional", "off", 0), ("required", "file", 0)]
    {
        let workplace = Workplace::default().with("APP_AUTH__SECOND_FACTOR", required);
        let node = workplace.with("APP_MAIL__TRANSPORT", transport).serve().await;
        let logs = node.logs();
        let said = logs.matches("whoever sets up no second factor in time is locked out").count();
        assert_eq!(said, times, "{required} {transport}: {logs}");
    }
}
