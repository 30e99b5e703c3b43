//! The page on which a password is chosen: in each language, and whatever is typed.

use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, USER_AGENT};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;

use super::{RESET, mailed, open, reset, shown};
use crate::app::{App, NEW_PASSWORD as NEW, PASSWORD, send};

on_each_database!(
    a_password_is_reset_by_the_page_of_the_link,
    a_page_is_in_the_language_of_its_reader,
    to_open_a_link_uses_nothing,
    a_password_that_is_refused_leaves_the_form_and_the_token_good,
    a_page_and_the_route_that_does_the_same_have_one_limit,
);

async fn a_password_is_reset_by_the_page_of_the_link(app: App) {
    let (post, mail) = mailed(app, &[("APP_MAIL__APP_NAME", "Notes <b>")]).await;
    assert!(mail.text.contains(&format!("{}{RESET}?token={}", post.app.url, mail.token)), "{}", mail.text);
    let answer = open(&post.app, RESET, &mail.token, "en").await;
    insta::allow_duplicates! { insta::assert_snapshot!(shown(&answer, &mail.token), @r#"
    HTTP/1.1 200 OK
    cache-control: no-store
    content-language: en
    content-security-policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    x-frame-options: DENY

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Choose a new password – Notes &lt;b&gt;</title>
    <link rel="stylesheet" href="style.css">
    </head>
    <body>
    <header>Notes &lt;b&gt;</header>
    <main>
    <h1>Choose a new password</h1>
    <p>It replaces the one that you have forgotten. You will be signed out everywhere.</p>
    <form method="post" action="reset-password">
    <input type="hidden" name="token" value="[token]">
    <label for="new_password">New password</label>
    <p class="rules" id="rules">At least 8 characters.</p>
    <input type="password" id="new_password" name="new_password" autocomplete="new-password" required aria-describedby="rules">
    <button type="submit">Save the new password</button>
    </form>
    </main>
    </body>
    </html>
    "#) };
    let answer = reset(&post.app, &mail, NEW).await;
    insta::allow_duplicates! { insta::assert_snapshot!(shown(&answer, &mail.token), @r#"
    HTTP/1.1 200 OK
    cache-control: no-store
    content-language: en
    content-security-policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    x-frame-options: DENY

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Your password was changed – Notes &lt;b&gt;</title>
    <link rel="stylesheet" href="style.css">
    </head>
    <body>
    <header>Notes &lt;b&gt;</header>
    <main>
    <h1>Your password was changed</h1>
    <p>You were signed out everywhere. Sign in to Notes &lt;b&gt; with your new password. You can close this page.</p>
    </main>
    </body>
    </html>
    "#) };
    post.app.login("ada@example.com", NEW).await.tokens();
    let answer = reset(&post.app, &mail, "another good password").await;
    insta::allow_duplicates! { insta::assert_snapshot!(shown(&answer, &mail.token), @r#"
    HTTP/1.1 400 Bad Request
    cache-control: no-store
    content-language: en
    content-security-policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    x-frame-options: DENY

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Error: Choose a new password – Notes &lt;b&gt;</title>
    <link rel="stylesheet" href="style.css">
    </head>
    <body>
    <header>Notes &lt;b&gt;</header>
    <main>
    <h1>Choose a new password</h1>
    <p class="fault" role="alert">This link does not work any more: it was used, has expired, or was replaced. Ask for another mail.</p>
    </main>
    </body>
    </html>
    "#) };
}

async fn a_page_is_in_the_language_of_its_reader(app: App) {
    let (post, mail) = mailed(app, &[]).await;
    let answer = open(&post.app, RESET, &mail.token, "de-AT,de;q=0.9,en;q=0.8").await;
    insta::allow_duplicates! { insta::assert_snapshot!(shown(&answer, &mail.token), @r#"
    HTTP/1.1 200 OK
    cache-control: no-store
    content-language: de
    content-security-policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    x-frame-options: DENY

    <!doctype html>
    <html lang="de">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Wählen Sie ein neues Passwort – Hexauth</title>
    <link rel="stylesheet" href="style.css">
    </head>
    <body>
    <header>Hexauth</header>
    <main>
    <h1>Wählen Sie ein neues Passwort</h1>
    <p>Es ersetzt das vergessene. Sie werden überall abgemeldet.</p>
    <form method="post" action="reset-password">
    <input type="hidden" name="token" value="[token]">
    <label for="new_password">Neues Passwort</label>
    <p class="rules" id="rules">Mindestens 8 Zeichen.</p>
    <input type="password" id="new_password" name="new_password" autocomplete="new-password" required aria-describedby="rules">
    <button type="submit">Neues Passwort speichern</button>
    </form>
    </main>
    </body>
    </html>
    "#) };
    let form = [("token", mail.token.as_str()), ("new_password", "kurz")];
    let request = post.app.request(Method::POST, RESET).form(&form).header(ACCEPT_LANGUAGE, "de");
    let answer = send(request).await;
    insta::allow_duplicates! { insta::assert_snapshot!(shown(&answer, &mail.token), @r#"
    HTTP/1.1 422 Unprocessable Entity
    cache-control: no-store
    content-language: de
    content-security-policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    x-frame-options: DENY

    <!doctype html>
    <html lang="de">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Fehler: Wählen Sie ein neues Passwort – Hexauth</title>
    <link rel="stylesheet" href="style.css">
    </head>
    <body>
    <header>Hexauth</header>
    <main>
    <h1>Wählen Sie ein neues Passwort</h1>
    <p>Es ersetzt das vergessene. Sie werden überall abgemeldet.</p>
    <form method="post" action="reset-password">
    <input type="hidden" name="token" value="[token]">
    <label for="new_password">Neues Passwort</label>
    <p class="rules" id="rules">Mindestens 8 Zeichen.</p>
    <p class="fault" id="fault" role="alert">Das Passwort muss mindestens 8 Zeichen haben.</p>
    <input type="password" id="new_password" name="new_password" autocomplete="new-password" required aria-describedby="rules fault" aria-invalid="true" autofocus>
    <button type="submit">Neues Passwort speichern</button>
    </form>
    </main>
    </body>
    </html>
    "#) };
    for (asked_for, got) in [("fr", "en"), ("fr, de;q=0.7, en;q=0.3", "de"), ("*", "en")] {
        assert_eq!(open(&post.app, RESET, &mail.token, asked_for).await.header("content-language"), got);
    }
}

/// Consume on a person's click only: 50 GETs and HEADs with scanners' headers leave the token good.
async fn to_open_a_link_uses_nothing(app: App) {
    let (post, mail) = mailed(app, &[]).await;
    let scanners = [
        "Mozilla/5.0 (compatible; Microsoft Exchange Safe Links)",
        "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
        "Barracuda Sentinel (EE)",
        "Googlebot/2.1 (+http://www.google.com/bot.html)",
        "curl/8.0",
    ];
    for turn in 0..50 {
        for method in [Method::GET, Method::HEAD] {
            let request = post.app.request(method.clone(), &format!("{RESET}?token={}", mail.token));
            let headers = [
                (USER_AGENT.as_str(), scanners[turn % scanners.len()]),
                (ACCEPT.as_str(), "*/*"),
                ("purpose", "prefetch"),
                ("x-forwarded-for", "203.0.113.9"),
            ];
            let headers: HeaderMap =
                headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            let answer = send(request.headers(headers)).await;
            assert_eq!((answer.status, answer.text.is_empty()), (StatusCode::OK, method == Method::HEAD));
        }
    }
    assert_eq!(reset(&post.app, &mail, NEW).await.status, StatusCode::OK);
    post.app.login("ada@example.com", NEW).await.tokens();
}

async fn a_password_that_is_refused_leaves_the_form_and_the_token_good(app: App) {
    let (post, mail) = mailed(app, &[]).await;
    let answer = reset(&post.app, &mail, "short").await;
    insta::allow_duplicates! { insta::assert_snapshot!(shown(&answer, &mail.token), @r#"
    HTTP/1.1 422 Unprocessable Entity
    cache-control: no-store
    content-language: en
    content-security-policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    x-frame-options: DENY

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Error: Choose a new password – Hexauth</title>
    <link rel="stylesheet" href="style.css">
    </head>
    <body>
    <header>Hexauth</header>
    <main>
    <h1>Choose a new password</h1>
    <p>It replaces the one that you have forgotten. You will be signed out everywhere.</p>
    <form method="post" action="reset-password">
    <input type="hidden" name="token" value="[token]">
    <label for="new_password">New password</label>
    <p class="rules" id="rules">At least 8 characters.</p>
    <p class="fault" id="fault" role="alert">The password must have at least 8 characters.</p>
    <input type="password" id="new_password" name="new_password" autocomplete="new-password" required aria-describedby="rules fault" aria-invalid="true" autofocus>
    <button type="submit">Save the new password</button>
    </form>
    </main>
    </body>
    </html>
    "#) };
    let guessable = reset(&post.app, &mail, "password123").await;
    assert_eq!(guessable.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(guessable.text.contains("This password is too easy to guess."), "{}", guessable.text);
    for refused in ["", "a\0bcdefghijk", &"a".repeat(300)] {
        let answer = reset(&post.app, &mail, refused).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
        assert!(answer.text.contains("id=\"fault\"") && answer.text.contains(&mail.token), "{}", answer.text);
        assert!(refused.is_empty() || !answer.text.contains(refused), "{}", answer.text);
    }
    assert_eq!(reset(&post.app, &mail, NEW).await.status, StatusCode::OK);
    post.app.login("ada@example.com", NEW).await.tokens();
}

async fn a_page_and_the_route_that_does_the_same_have_one_limit(app: App) {
    let limits = [("APP_RATE_LIMIT__ENABLED", "true"), ("APP_RATE_LIMIT__PASSWORD_RESET_PER_MINUTE", "3")];
    let (post, mail) = mailed(app, &limits).await;
    let confirm =
        || post.app.post("/api/v1/auth/password-reset/confirm", json!({"token": "hxp_AAAA", "new_password": NEW}));
    // The first was to ask for the mail.
    assert_eq!(confirm().await.status, StatusCode::BAD_REQUEST);
    assert_eq!(reset(&post.app, &mail, "short").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = reset(&post.app, &mail, NEW).await;
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(answer.header("ratelimit-remaining"), "0");
    let text = shown(&answer, &mail.token).replace(answer.header("retry-after"), "[seconds]");
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r#"
    HTTP/1.1 429 Too Many Requests
    cache-control: no-store
    content-language: en
    content-security-policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: no-referrer
    retry-after: [seconds]
    x-content-type-options: nosniff
    x-frame-options: DENY

    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Error: Choose a new password – Hexauth</title>
    <link rel="stylesheet" href="style.css">
    </head>
    <body>
    <header>Hexauth</header>
    <main>
    <h1>Choose a new password</h1>
    <p class="fault" role="alert">There were too many attempts. Please try again in a few minutes.</p>
    <p>It replaces the one that you have forgotten. You will be signed out everywhere.</p>
    <form method="post" action="reset-password">
    <input type="hidden" name="token" value="[token]">
    <label for="new_password">New password</label>
    <p class="rules" id="rules">At least 8 characters.</p>
    <input type="password" id="new_password" name="new_password" autocomplete="new-password" required aria-describedby="rules">
    <button type="submit">Save the new password</button>
    </form>
    </main>
    </body>
    </html>
    "#) };
    assert_eq!(confirm().await.status, StatusCode::TOO_MANY_REQUESTS);
    // To open it is not limited.
    assert_eq!(open(&post.app, RESET, &mail.token, "en").await.status, StatusCode::OK);
    post.app.login("ada@example.com", PASSWORD).await.tokens();
}
