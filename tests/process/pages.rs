//! The pages for the links in mails, from the file of a mail to the click in a browser.
//!
//! `just pictures` makes the pictures of the documentation by these tests.

use std::fs;
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::client::{Client, EMAIL, PASSWORD, tokens};
use tests::on_each_database;
use tests::process::{Node, Workplace};

use crate::mail::eventually;
use crate::traces::Collector;

on_each_database!(
    a_password_is_reset_with_a_mouse,
    an_address_is_proven_and_changed_with_a_mouse,
    an_invitation_is_accepted_with_a_mouse,
    no_token_of_a_link_is_told_to_logs_or_traces,
);

const NEW: &str = "staple battery horse correct";
const RESET: &str = "/account/reset-password";

/// Nothing about mail is set, as with `cargo run`.
pub(crate) fn as_in_development(workplace: Workplace) -> Workplace {
    workplace.without("APP_MAIL__TRANSPORT")
}

/// The mail that the log names at this place, from 0, among those of this kind.
pub(crate) async fn mailed(node: &Node, workplace: &Workplace, kind: &str, place: usize) -> String {
    let file = eventually("the log names no mail", || {
        let logs = node.logs();
        let records = logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let files = records.filter_map(|record| record["file"].as_str().map(str::to_owned));
        files.filter(|file| file.contains(&format!("-{kind}-"))).nth(place)
    })
    .await;
    fs::read_to_string(workplace.path(&file)).unwrap().replace("=\r\n", "").replace("=3D", "=")
}

/// The link of a mail to this page.
fn link(mail: &str, node: &Node, page: &str) -> String {
    let begin = mail.find(&format!("{}{page}?token=", node.url())).unwrap_or_else(|| panic!("no link: {mail}"));
    mail[begin..].split_whitespace().next().unwrap().to_owned()
}

async fn forget(client: &Client) {
    let asked = client.send(Method::POST, "/auth/password-reset", None, Some(json!({"email": EMAIL}))).await;
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
}

async fn show(browser: &Browser, name: &str, language: &str) {
    depict(browser, &format!("docs/operations/images/{name}-{language}.png")).await;
}

/// Puts what the browser shows into the documentation, if that is what the tests are run for.
#[expect(clippy::disallowed_methods, reason = "it is not of the configuration")]
pub(crate) async fn depict(browser: &Browser, file: &str) {
    if std::env::var_os("UPDATE").is_some() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        browser.picture(&file).await;
    }
}

/// A person reads it on a phone, and hears it by a screen reader.
async fn assert_is_readable(browser: &Browser) {
    assert!(browser.fits().await);
    for text in ["h1", "main p", "button"] {
        assert!(browser.font_size(text).await >= 16.0, "{text}");
    }
    assert!(browser.place("button").await.height >= 44.0);
}

/// Register, ask for another password, open the link of the mail, choose one, and sign in with it.
async fn a_password_is_reset_with_a_mouse(workplace: Workplace) {
    let workplace = as_in_development(workplace);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    client.sign_up(EMAIL).await;
    for (place, (language, title, fault, short, done)) in [
        (
            "en",
            "Choose a new password",
            "Error",
            "The password must have at least 8 characters.",
            "Your password was changed",
        ),
        (
            "de",
            "Wählen Sie ein neues Passwort",
            "Fehler",
            "Das Passwort muss mindestens 8 Zeichen haben.",
            "Ihr Passwort wurde geändert",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        forget(&client).await;
        let link = link(&mailed(&node, &workplace, "reset_password", place).await, &node, RESET);
        let browser = Browser::open(language).await;
        browser.go(&link).await;
        browser.wait_for_title(&format!("{title} – Hexauth")).await;
        assert_is_readable(&browser).await;
        assert_eq!(browser.label("#new_password").await, browser.text("label").await);
        show(&browser, "reset-password", language).await;

        browser.write("#new_password", "short").await;
        browser.click("button").await;
        browser.wait_for_title(&format!("{fault}: {title} – Hexauth")).await;
        assert_eq!(browser.text("[role=alert]").await, short);
        assert_is_readable(&browser).await;
        // The token is not in the address any more.
        assert_eq!(browser.url().await, format!("{}{RESET}", node.url()));
        show(&browser, "reset-password-refused", language).await;

        let password = format!("{NEW} {language}");
        browser.write("#new_password", &password).await;
        browser.click("button").await;
        browser.wait_for_title(&format!("{done} – Hexauth")).await;
        show(&browser, "reset-password-done", language).await;
        tokens(client.login(EMAIL, &password).await).await;
        assert_eq!(client.login(EMAIL, PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    }
}

/// Register, prove the address, ask for another one, stop that, ask again, and confirm.
async fn an_address_is_proven_and_changed_with_a_mouse(workplace: Workplace) {
    let workplace = as_in_development(workplace);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let mut access = client.sign_up(EMAIL).await.access;
    let (browser, german) = (Browser::open("en").await, Browser::open("de").await);
    let click = async |kind, page: &str, place| {
        let link = link(&mailed(&node, &workplace, kind, place).await, &node, page);
        for (browser, language) in [(&german, "de"), (&browser, "en")] {
            browser.go(&link).await;
            assert_is_readable(browser).await;
            show(browser, page.rsplit('/').next().unwrap(), language).await;
        }
        browser.click("button").await;
    };
    click("verify_email", "/account/verify-email", 0).await;
    browser.wait_for_title("Your email address is confirmed – Hexauth").await;
    let change = json!({"email": "lovelace@example.com", "current_password": PASSWORD});
    let ask = async |access: &str| {
        let asked = client.send(Method::PUT, "/users/me/email", Some(access), Some(change.clone())).await;
        assert_eq!(asked.status(), StatusCode::ACCEPTED);
    };
    ask(&access).await;
    click("stop_email_change", "/account/stop-email-change", 0).await;
    browser.wait_for_title("The change was stopped – Hexauth").await;
    click("change_email", "/account/confirm-email", 0).await;
    browser.wait_for_title("Error: Use this email address – Hexauth").await;
    access = tokens(client.login(EMAIL, PASSWORD).await).await.access;
    ask(&access).await;
    click("change_email", "/account/confirm-email", 1).await;
    browser.wait_for_title("Your email address was changed – Hexauth").await;
    tokens(client.login("lovelace@example.com", PASSWORD).await).await;
}

/// An admin invites somebody, who opens the link of the mail, chooses a password and signs in.
async fn an_invitation_is_accepted_with_a_mouse(workplace: Workplace) {
    let workplace = as_in_development(workplace)
        .with("APP_BOOTSTRAP__ADMIN_EMAIL", EMAIL)
        .with("APP_BOOTSTRAP__ADMIN_PASSWORD", PASSWORD);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let admin = tokens(client.login(EMAIL, PASSWORD).await).await.access;
    let invitation = json!({"email": "grace@example.com"});
    let invited = client.send(Method::POST, "/users/invitations", Some(&admin), Some(invitation)).await;
    assert_eq!(invited.status(), StatusCode::ACCEPTED);
    let link = link(&mailed(&node, &workplace, "invitation", 0).await, &node, "/account/accept-invitation");
    let (browser, german) = (Browser::open("en").await, Browser::open("de").await);
    for (browser, language) in [(&german, "de"), (&browser, "en")] {
        browser.go(&link).await;
        assert_is_readable(browser).await;
        show(browser, "accept-invitation", language).await;
    }
    browser.write("#new_password", NEW).await;
    browser.click("button").await;
    browser.wait_for_title("Welcome to Hexauth – Hexauth").await;
    tokens(client.login("grace@example.com", NEW).await).await;
}

/// Nor is a page told where its reader came from, or whoever is asked by a mistyped address.
async fn no_token_of_a_link_is_told_to_logs_or_traces(workplace: Workplace) {
    let collector = Collector::start();
    let workplace = as_in_development(workplace)
        .with("APP_LOG__LEVEL", "trace")
        .with("APP_TRACES__OTLP_ENDPOINT", &*collector.endpoint);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    client.sign_up(EMAIL).await;
    forget(&client).await;
    let link = link(&mailed(&node, &workplace, "reset_password", 0).await, &node, RESET);
    let (_, token) = link.split_once("token=").unwrap();
    for path in [RESET, "/account/reset-password/", "/account/nothing", "/api/v1/users", "/docs"] {
        client.get(&format!("{path}?token={token}")).await;
    }
    for password in ["short", NEW, NEW] {
        let form = [("token", token), ("new_password", password)];
        reqwest::Client::new().post(format!("{}{RESET}", node.url())).form(&form).send().await.unwrap();
    }
    tokens(client.login(EMAIL, NEW).await).await;
    let logs = node.stop().logs();
    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.name == format!("POST {RESET}")));
    // In development it is the log that shows the link.
    let (told, others): (Vec<_>, Vec<_>) = logs.lines().partition(|line| line.contains("a mail was written"));
    assert!(told.iter().any(|line| line.contains(token)));
    let leaks: Vec<_> = others.iter().filter(|line| line.contains(token) || line.contains(NEW)).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    assert!(!format!("{spans:?}").contains(token));
}

/// In production the address that a node listens on is not where people reach it.
#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_where_people_reach_the_service_and_nowhere_if_that_is_not_known() {
    const TOLD: &str = "set APP_SERVER__PUBLIC_URL";
    let production = [("APP_ENV", "production"), ("APP_SECRET_KEY", "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T")];
    let public = ("APP_SERVER__PUBLIC_URL", "https://example.com/auth");
    let page = Some("https://example.com/auth/account/reset-password?token=hxp_");
    let elsewhere = ("APP_MAIL__LINKS__RESET", "app://reset#{token}");
    for (settings, expected, told) in [
        (&production[..], None, 1),
        (&[production[0], production[1], public], page, 0),
        (&[public], page, 0),
        (&[elsewhere], Some("app://reset#hxp_"), 0),
    ] {
        let workplace = Workplace::default().with("APP_MAIL__TRANSPORT", "file");
        let workplace = settings.iter().fold(workplace, |workplace, (name, value)| workplace.with(name, *value));
        let node = workplace.serve().await;
        let client = Client::of(&node);
        client.sign_up(EMAIL).await;
        forget(&client).await;
        let mail = mailed(&node, &workplace, "reset_password", 0).await;
        match expected {
            Some(link) => assert!(mail.contains(link), "{mail}"),
            None => assert!(!mail.contains("hxp_") && !mail.contains("://"), "{mail}"),
        }
        assert_eq!(node.logs().matches(TOLD).count(), told, "{settings:?}");
    }
}
