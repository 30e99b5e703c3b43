//! The pages that ask for no more than a click, and that of an invitation.

use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;

use super::{click, open, shown};
use crate::app::{Answer, App, NEW_PASSWORD as NEW, PASSWORD};
use crate::letterbox::{Mail, Post};

on_each_database!(
    an_address_is_proven_by_the_page_of_the_link,
    a_change_of_address_is_confirmed_by_the_page_of_the_link,
    a_change_of_address_is_stopped_by_the_page_of_the_link,
    an_invitation_is_accepted_by_the_page_of_the_link,
);

/// What the page says and offers: the rest is the same on every page.
fn body(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let (_, body) = answer.text.split_once("<main>").unwrap();
    body.split("</main>").next().unwrap().trim()
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
