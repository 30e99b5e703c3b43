//! The pages for the links in mails, as browsers and programs that look into mails meet them.

use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, USER_AGENT};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::{OnDatabase, on_each_database};

use crate::app::{Answer, App, NEW_PASSWORD as NEW, PASSWORD, send};
use crate::letterbox::{Mail, Post};

on_each_database!(
    a_password_is_reset_by_the_page_of_the_link,
    a_page_is_in_the_language_of_its_reader,
    to_open_a_link_uses_nothing,
    a_password_that_is_refused_leaves_the_form_and_the_token_good,
    a_page_and_the_route_that_does_the_same_have_one_limit,
    an_address_is_proven_by_the_page_of_the_link,
    a_change_of_address_is_confirmed_by_the_page_of_the_link,
    a_change_of_address_is_stopped_by_the_page_of_the_link,
    an_invitation_is_accepted_by_the_page_of_the_link,
);

const RESET: &str = "/account/reset-password";

/// What belongs to a page; the other headers are on every answer.
const HEADERS: [&str; 8] = [
    "cache-control",
    "content-language",
    "content-security-policy",
    "content-type",
    "referrer-policy",
    "retry-after",
    "x-content-type-options",
    "x-frame-options",
];

/// An answer as text, with `token` named in it.
fn shown(answer: &Answer, token: &str) -> String {
    let mut lines = vec![format!("HTTP/1.1 {}", answer.status)];
    let values = |name: &&str| answer.headers.get(*name).map(|value| format!("{name}: {}", value.to_str().unwrap()));
    lines.extend(HEADERS.iter().filter_map(values));
    let text = format!("{}\n\n{}", lines.join("\n"), answer.text);
    if token.is_empty() { text } else { text.replace(token, "[token]") }
}

/// What the page says and offers: the rest is the same on every page.
fn body(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let (_, body) = answer.text.split_once("<main>").unwrap();
    body.split("</main>").next().unwrap().trim()
}

async fn open(app: &App, path: &str, token: &str, language: &str) -> Answer {
    let request = app.request(Method::GET, &format!("{path}?token={token}"));
    send(request.header(ACCEPT_LANGUAGE, language)).await
}

async fn click(app: &App, path: &str, form: &[(&str, &str)]) -> Answer {
    send(app.request(Method::POST, path).form(form)).await
}

async fn reset(app: &App, mail: &Mail, password: &str) -> Answer {
    click(app, RESET, &[("token", &mail.token), ("new_password", password)]).await
}

/// A server with pages, an account, and a mail that leads to one.
async fn mailed(app: App, settings: &[(&str, &str)]) -> (Post, Mail) {
    let post = Post::with(app, settings).await;
    post.app.register("ada@example.com").await;
    let mail = post.mailed().await;
    (post, mail)
}

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

/// The page of a link that asks for nothing but a click, and what comes of the click.
async fn clicked(post: &Post, path: &str, mail: &Mail) -> (Answer, Answer) {
    let link = format!("{}{path}?token={}", post.app.url, mail.token);
    assert!(mail.text.contains(&link), "{link} is not in {}", mail.text);
    let page = open(&post.app, path, &mail.token, "en").await;
    (page, click(&post.app, path, &[("token", &mail.token)]).await)
}

/// The account of a signed-in user.
async fn me(post: &Post, access: &str, member: &str) -> serde_json::Value {
    post.app.me(access).await.json()[member].take()
}

async fn an_address_is_proven_by_the_page_of_the_link(app: App) {
    let post = Post::of(app).await;
    let ada = post.app.sign_up("ada@example.com").await;
    let mail = post.wait_for("verify_email", 1).await.remove(0);
    assert_eq!(me(&post, &ada.access, "email_verified").await, false);
    let (page, done) = clicked(&post, "/account/verify-email", &mail).await;
    insta::allow_duplicates! { insta::assert_snapshot!(shown(&page, &mail.token), @r#"
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
    <title>Confirm your email address – Hexauth</title>
    <link rel="stylesheet" href="style.css">
    </head>
    <body>
    <header>Hexauth</header>
    <main>
    <h1>Confirm your email address</h1>
    <p>Confirm that the address to which the mail was sent is yours.</p>
    <form method="post" action="verify-email">
    <input type="hidden" name="token" value="[token]">
    <button type="submit">Confirm the address</button>
    </form>
    </main>
    </body>
    </html>
    "#) };
    insta::allow_duplicates! { insta::assert_snapshot!(body(&done), @r"
    <h1>Your email address is confirmed</h1>
    <p>Thank you. You can close this page and go on in Hexauth.</p>
    ") };
    assert_eq!(me(&post, &ada.access, "email_verified").await, true);
}

/// Asks for another address of one's own, while the owner of the proven one reads what is mailed there.
async fn asked_for_another_address(app: App) -> (Post, String) {
    let post = Post::of(app).await;
    let ada = post.app.sign_up("ada@example.com").await;
    let proof = post.wait_for("verify_email", 1).await.remove(0);
    assert_eq!(clicked(&post, "/account/verify-email", &proof).await.1.status, StatusCode::OK);
    let change = json!({"email": "lovelace@example.com", "current_password": PASSWORD});
    let asked = post.app.send_as(&ada.access, Method::PUT, "/api/v1/users/me/email", change).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{asked:?}");
    (post, ada.access)
}

async fn a_change_of_address_is_confirmed_by_the_page_of_the_link(app: App) {
    let (post, access) = asked_for_another_address(app).await;
    let mail = post.wait_for("change_email", 1).await.remove(0);
    let (page, done) = clicked(&post, "/account/confirm-email", &mail).await;
    assert_eq!(me(&post, &access, "email").await, serde_json::Value::Null);
    insta::allow_duplicates! { insta::assert_snapshot!(body(&page).replace(&mail.token, "[token]"), @r#"
    <h1>Use this email address</h1>
    <p>Your account at Hexauth gets the address to which the mail was sent. You will be signed out everywhere.</p>
    <form method="post" action="confirm-email">
    <input type="hidden" name="token" value="[token]">
    <button type="submit">Use this address</button>
    </form>
    "#) };
    insta::allow_duplicates! { insta::assert_snapshot!(body(&done), @r"
    <h1>Your email address was changed</h1>
    <p>You were signed out everywhere. Sign in to Hexauth with your new address. You can close this page.</p>
    ") };
    let access = post.app.sign_in("lovelace@example.com").await.access;
    assert_eq!(me(&post, &access, "email").await, "lovelace@example.com");
}

async fn a_change_of_address_is_stopped_by_the_page_of_the_link(app: App) {
    let (post, access) = asked_for_another_address(app).await;
    let new = post.wait_for("change_email", 1).await.remove(0);
    let old = post.wait_for("stop_email_change", 1).await.remove(0);
    let (page, done) = clicked(&post, "/account/stop-email-change", &old).await;
    insta::allow_duplicates! { insta::assert_snapshot!(body(&page).replace(&old.token, "[token]"), @r#"
    <h1>Stop the change of your email address</h1>
    <p>Your account at Hexauth will keep the address that it has.</p>
    <form method="post" action="stop-email-change">
    <input type="hidden" name="token" value="[token]">
    <button type="submit">Stop the change</button>
    </form>
    "#) };
    insta::allow_duplicates! { insta::assert_snapshot!(body(&done), @r"
    <h1>The change was stopped</h1>
    <p>Your account keeps its address. If it was not you who asked for the change, somebody else can sign in to your account: change your password now.</p>
    ") };
    assert_eq!(clicked(&post, "/account/confirm-email", &new).await.1.status, StatusCode::BAD_REQUEST);
    assert_eq!(me(&post, &access, "email").await, "ada@example.com");
}

async fn an_invitation_is_accepted_by_the_page_of_the_link(app: App) {
    let post = Post::of(app).await;
    let admin = post.app.admin("root@example.com").await;
    let invitation = json!({"email": "grace@example.com"});
    let invited = post.app.send_as(&admin.access, Method::POST, "/api/v1/users/invitations", invitation).await;
    assert_eq!(invited.status, StatusCode::ACCEPTED, "{invited:?}");
    let mail = post.wait_for("invitation", 1).await.remove(0);
    let (page, refused) = clicked(&post, "/account/accept-invitation", &mail).await;
    insta::allow_duplicates! { insta::assert_snapshot!(body(&page).replace(&mail.token, "[token]"), @r#"
    <h1>Accept your invitation</h1>
    <p>You are invited to Hexauth. Choose a password for your account.</p>
    <form method="post" action="accept-invitation">
    <input type="hidden" name="token" value="[token]">
    <label for="new_password">New password</label>
    <p class="rules" id="rules">At least 8 characters.</p>
    <input type="password" id="new_password" name="new_password" autocomplete="new-password" required aria-describedby="rules">
    <button type="submit">Accept the invitation</button>
    </form>
    "#) };
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Please type a new password."), "{}", refused.text);
    let form = [("token", mail.token.as_str()), ("new_password", NEW)];
    let done = click(&post.app, "/account/accept-invitation", &form).await;
    insta::allow_duplicates! { insta::assert_snapshot!(body(&done), @r"
    <h1>Welcome to Hexauth</h1>
    <p>Your account is ready. Sign in with your email address and your new password. You can close this page.</p>
    ") };
    let grace = post.app.login("grace@example.com", NEW).await.tokens();
    assert_eq!(me(&post, &grace.access, "email_verified").await, true);
}

/// A request is counted by its route.
#[tokio::test(flavor = "multi_thread")]
async fn no_token_of_a_link_is_in_metrics() {
    let (post, mail) = mailed(App::sqlite().await, &[("APP_METRICS__ADDR", "127.0.0.1:0")]).await;
    open(&post.app, RESET, &mail.token, "en").await;
    open(&post.app, "/account/nothing", &mail.token, "en").await;
    reset(&post.app, &mail, NEW).await;
    let metrics = send(post.app.client.get(post.app.metrics_url.as_deref().unwrap())).await.text;
    assert!(metrics.contains(RESET) && !metrics.contains(&mail.token), "{metrics}");
}

/// Keep purposes apart: the token of one page is worth nothing on another, and good on its own afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_on_its_own_page_only() {
    let (post, mail) = mailed(App::sqlite().await, &[]).await;
    for page in ["verify-email", "confirm-email", "stop-email-change", "accept-invitation"] {
        let path = &format!("/account/{page}");
        let answer = click(&post.app, path, &[("token", &mail.token), ("new_password", NEW)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    }
    assert_eq!(reset(&post.app, &mail, NEW).await.status, StatusCode::OK);
}

async fn with_pages(settings: &[(&str, &str)]) -> App {
    let folder = tempfile::tempdir().unwrap().keep();
    let to_files = [("APP_MAIL__TRANSPORT", "file"), ("APP_MAIL__FOLDER", folder.to_str().unwrap())];
    App::sqlite_with(&[&to_files, settings].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_no_good_opens_the_form_and_is_found_out_by_the_click() {
    let app = with_pages(&[]).await;
    for query in ["", "?token=", "?token=hxp_nonsense", "?other=1&token=%ff%00%22%3e<script>", "?token=a&token=b", "?%"]
    {
        let answer = send(app.request(Method::GET, &format!("{RESET}{query}"))).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        assert!(answer.text.contains("<form") && !answer.text.contains("<script"), "{}", answer.text);
    }
    let long = "a".repeat(129);
    let answer = open(&app, RESET, &long, "en").await;
    assert_eq!((answer.status, answer.text.contains(&long)), (StatusCode::OK, false));
    for token in ["", "hxp_nonsense", "\"><script>", &long] {
        let answer = click(&app, RESET, &[("token", token), ("new_password", NEW)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{token}");
        assert!(answer.text.contains("role=\"alert\"") && !answer.text.contains("<form"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_read_is_refused_by_a_page() {
    let app = with_pages(&[]).await;
    let form = "application/x-www-form-urlencoded";
    for (media_type, body, status) in [
        (form, format!("token={}", "a".repeat(64 * 1024)), StatusCode::PAYLOAD_TOO_LARGE),
        (form, "token=%ff".to_owned(), StatusCode::BAD_REQUEST),
        (form, "token=a&token=b".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        ("application/json", "{}".to_owned(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let answer = send(app.request(Method::POST, RESET).header("content-type", media_type).body(body)).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "text/html; charset=utf-8"));
        assert!(answer.text.contains("role=\"alert\"") && !answer.text.contains("<form"), "{}", answer.text);
    }
}

/// A page whose mails lead elsewhere is off, and only that one.
#[tokio::test(flavor = "multi_thread")]
async fn where_links_lead_elsewhere_there_is_no_page() {
    let elsewhere = [("APP_MAIL__LINKS__RESET", "https://app.example.com/reset#token={token}")];
    let another = [("APP_MAIL__LINKS__STOP", "https://app.example.com/stop#token={token}")];
    let cases: [(&[(&str, &str)], _); 3] =
        [(&elsewhere, StatusCode::NOT_FOUND), (&another, StatusCode::OK), (&[], StatusCode::OK)];
    for (settings, status) in cases {
        let app = with_pages(settings).await;
        assert_eq!(open(&app, RESET, "hxp_AAAA", "en").await.status, status);
    }
    let without_mail = App::sqlite_with(&[]).await;
    assert_eq!(open(&without_mail, RESET, "hxp_AAAA", "en").await.status, StatusCode::NOT_FOUND);
    assert_eq!(click(&without_mail, RESET, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_loads_its_style_and_nothing_else() {
    let app = with_pages(&[]).await;
    let page = open(&app, RESET, "", "en").await;
    assert_eq!(page.text.matches("href=").count() + page.text.matches("src=").count(), 1);
    // Relative, so that it is found where a proxy takes something off the path.
    assert!(page.text.contains("href=\"style.css\"") && page.text.contains("action=\"reset-password\""));
    let style = send(app.request(Method::GET, "/account/style.css")).await;
    assert_eq!((style.status, style.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(!style.text.contains("url(") && !style.text.contains("@import"));
}
