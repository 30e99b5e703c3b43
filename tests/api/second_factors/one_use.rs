//! Codes of apps, recovery codes and challenges are each good once.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::{on_each_database, totp};

use super::{BY_RECOVERY_CODE, BY_TOTP, EMAIL, Enrolled, FACTORS, RECOVERY_CODES, codes, step_up};
use crate::app::{Answer, App};
use crate::letterbox::{Post, count};

on_each_database!(
    a_code_is_good_once_wherever_it_is_shown,
    of_a_hundred_at_once_with_one_code_one_signs_in,
    of_thirty_at_once_with_one_recovery_code_one_signs_in,
    a_recovery_code_is_good_once_and_its_owner_is_told,
    the_owner_is_told_of_other_recovery_codes,
    of_a_hundred_at_once_with_one_challenge_one_signs_in,
);

async fn a_code_is_good_once_wherever_it_is_shown(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    // That of the setup is spent. The clock may have gone on to the next one meanwhile.
    let shown =
        async |challenge: String, code: String| app.post(BY_TOTP, json!({"challenge": challenge, "code": code})).await;
    app.run_sql("UPDATE totp_devices SET last_step = last_step + 2").await;
    shown(ada.challenge(&app).await, totp::code(&ada.secret)).await.problem(401, "invalid_second_factor");
    let code = ada.next_code(&app).await;
    let spaced = format!(" {} {}", &code[..3], &code[3..]);
    let tokens = shown(ada.challenge(&app).await, spaced).await.tokens();
    shown(ada.challenge(&app).await, code.clone()).await.problem(401, "invalid_second_factor");
    step_up(&app, &tokens.access, json!({"totp": code})).await.problem(403, "wrong_proof");
    let code = ada.next_code(&app).await;
    assert_eq!(step_up(&app, &tokens.access, json!({"totp": code})).await.status, StatusCode::NO_CONTENT);
    shown(ada.challenge(&app).await, code).await.problem(401, "invalid_second_factor");
}

/// How many of these signed in. The others were refused, and none failed.
fn signed_in(answers: &[Answer]) -> usize {
    for answer in answers {
        assert!([200, 400, 401, 429].contains(&answer.status.as_u16()), "{answer:?}");
    }
    answers.iter().filter(|answer| answer.status == StatusCode::OK).count()
}

async fn of_a_hundred_at_once_with_one_code_one_signs_in(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let challenges = join_all((0..100).map(|_| ada.challenge(&app))).await;
    let code = ada.next_code(&app).await;
    let body = |challenge: &String| json!({"challenge": challenge, "code": code});
    let answers = join_all(challenges.iter().map(|challenge| app.post(BY_TOTP, body(challenge)))).await;
    assert_eq!(signed_in(&answers), 1);
    assert_eq!(count(&app, "refresh_tokens").await, 2);
}

async fn of_thirty_at_once_with_one_recovery_code_one_signs_in(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let challenges = join_all((0..30).map(|_| ada.challenge(&app))).await;
    let body = |challenge: &String, code: usize| json!({"challenge": challenge, "code": ada.recovery_codes[code]});
    let answers = join_all(challenges.iter().map(|challenge| app.post(BY_RECOVERY_CODE, body(challenge, 0)))).await;
    assert_eq!(signed_in(&answers), 1);
    app.run_sql("DELETE FROM attempts").await;
    // Two at once are both spent, and neither comes back.
    let [first, second] = [ada.challenge(&app).await, ada.challenge(&app).await];
    let both = tokio::join!(app.post(BY_RECOVERY_CODE, body(&first, 1)), app.post(BY_RECOVERY_CODE, body(&second, 2)));
    assert_eq!(signed_in(&[both.0, both.1]), 2);
    assert_eq!(app.get(FACTORS, &ada.tokens.access).await.json()["recovery_codes_left"], 7);
}

async fn a_recovery_code_is_good_once_and_its_owner_is_told(first: App) {
    let ada = Enrolled::new(&first, EMAIL).await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::of(first).await;
    let app = &post.app;
    // The database alone does not tell them.
    assert_eq!(count(app, "recovery_codes").await, 10);
    let body = json!({"challenge": ada.challenge(app).await, "code": ada.recovery_codes[0]});
    let tokens = app.post(BY_RECOVERY_CODE, body).await.tokens();
    let again = json!({"challenge": ada.challenge(app).await, "code": ada.recovery_codes[0]});
    app.post(BY_RECOVERY_CODE, again).await.problem(401, "invalid_second_factor");
    let other = json!({"recovery_code": ada.recovery_codes[1]});
    assert_eq!(step_up(app, &tokens.access, other).await.status, StatusCode::NO_CONTENT);
    let told = post.wait_for("recovery_code_used", 2).await;
    for (mail, left) in told.iter().zip([9, 8]) {
        assert!(mail.text.contains(&format!("left: {left}.")), "{}", mail.text);
        assert!(ada.recovery_codes.iter().all(|code| !mail.text.contains(code)), "{}", mail.text);
    }
}

async fn the_owner_is_told_of_other_recovery_codes(first: App) {
    let ada = Enrolled::new(&first, EMAIL).await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::of(first).await;
    let renewed = post.app.send_as(&ada.tokens.access, Method::POST, RECOVERY_CODES, json!({})).await;
    let told = post.wait_for("recovery_codes_renewed", 1).await;
    assert!(codes(&renewed).iter().all(|code| !told[0].text.contains(code)), "{}", told[0].text);
    assert_eq!(count(&post.app, "events WHERE kind = 'recovery_codes.renewed'").await, 1);
}

async fn of_a_hundred_at_once_with_one_challenge_one_signs_in(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let challenge = ada.challenge(&app).await;
    let code = ada.next_code(&app).await;
    let answer = |number: usize| {
        let codes = &ada.recovery_codes;
        match number % 2 {
            0 => app.post(BY_TOTP, json!({"challenge": challenge, "code": code})),
            _ => app.post(BY_RECOVERY_CODE, json!({"challenge": challenge, "code": codes[number / 2 % codes.len()]})),
        }
    };
    assert_eq!(signed_in(&join_all((0..100).map(answer)).await), 1);
    assert_eq!(count(&app, "refresh_tokens").await, 2);
}
