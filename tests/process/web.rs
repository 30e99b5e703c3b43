//! The single-page client in `examples/web`, from its sources to a person's clicks in a browser.
//!
//! `just pictures` makes the picture of its README by these tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;
use tests::browser::Browser;
use tests::client::{EMAIL, PASSWORD};
use tests::process::{Node, Workplace};
use tests::servers::{CADDY, Program, caddy, free_address, wait_until_it_listens};
use tests::{on_each_database, run_sql, totp};
use tokio::time::sleep;

use crate::pages::{as_in_development, depict, mailed};

on_each_database!(
    somebody_registers_proves_their_address_and_ends_their_sessions,
    a_forgotten_password_is_chosen_anew,
    an_authenticator_app_is_added_asked_for_and_lost,
    a_passkey_and_an_app_are_each_enough_and_a_recovery_code_when_both_are_lost,
    an_account_at_a_provider_is_linked_and_signs_in,
);

const BY_APP: &str = "#proof [data-factor=totp]";
const BY_PASSKEY: &str = "#proof [data-factor=passkey]";
const BY_CODE: &str = "#proof [data-factor=recovery_code]";
const NEW: &str = "staple battery horse correct";

fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> PathBuf {
    tests().join("../examples/web")
}

/// The files of the page, compiled once, as its README has it done.
fn page() -> &'static Path {
    static PAGE: OnceLock<PathBuf> = OnceLock::new();
    PAGE.get_or_init(|| {
        let page = Path::new(env!("CARGO_TARGET_TMPDIR")).join("web");
        fs::create_dir_all(&page).unwrap();
        for name in ["index.html", "style.css"] {
            fs::copy(sources().join("page").join(name), page.join(name)).unwrap();
        }
        let mut compiler = Command::new("tsc");
        compiler.arg("--project").arg(sources()).arg("--outDir").arg(page.join("js"));
        let compiled = compiler
            .output()
            .unwrap_or_else(|_| panic!("the test needs tsc (Debian: apt-get install node-typescript)"));
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stdout));
        page
    })
}

/// Passkeys are for names, not for addresses.
fn origin(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// A node and the page, at one origin.
struct Site {
    url: String,
    node: Node,
    workplace: Workplace,
    _caddy: Program,
}

impl Site {
    async fn serve(workplace: Workplace) -> Self {
        Self::serve_at(free_address().port(), workplace).await
    }

    async fn serve_at(port: u16, workplace: Workplace) -> Self {
        let url = origin(port);
        let workplace = as_in_development(workplace).with("APP_SERVER__PUBLIC_URL", &*url);
        let node = workplace.serve().await;
        let mut caddy = caddy(&sources().join("Caddyfile"), &workplace.path("caddy"));
        caddy.env("WEB_PORT", port.to_string()).env("WEB_PAGE", page());
        caddy.env("HEXAUTH", node.url().trim_start_matches("http://"));
        let caddy = Program::start(caddy, CADDY);
        wait_until_it_listens(("127.0.0.1", port)).await;
        Self { url, node, workplace, _caddy: caddy }
    }

    /// A window with the page in it.
    async fn open(&self) -> Browser {
        let browser = Browser::open_with_script("en").await;
        browser.go(&self.url).await;
        browser.wait_for("#sign-in").await;
        browser
    }

    /// Lets time go by until what people showed at their sign-in is no recent proof any more, and their apps have
    /// another code.
    async fn wait_long(&self) {
        let url = self.workplace.database_url();
        run_sql(&url, "UPDATE refresh_tokens SET auth_time = '2026-01-01 00:00:00+00:00'").await;
        run_sql(&url, "UPDATE totp_devices SET last_step = 0").await;
    }

    /// The code of a mail.
    async fn mailed_code(&self, kind: &str) -> String {
        let mail = mailed(&self.node, &self.workplace, kind, 0).await;
        let is_code = |word: &&str| word.len() == 9 && word.as_bytes()[4] == b'-' && !word.contains(char::is_lowercase);
        mail.split_whitespace().find(is_code).unwrap_or_else(|| panic!("no code: {mail}")).to_owned()
    }
}

/// Starts the OpenID provider for a page, and returns it with where it is.
async fn start_provider(page: &str) -> (Program, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../provider");
    assert!(folder.join("node_modules").is_dir(), "the test needs npm's oidc-provider, which scripts/test installs");
    fs::copy(tests().join("providers/provider.mjs"), folder.join("provider.mjs")).unwrap();
    let port = free_address().port();
    let mut node = Command::new("node");
    node.arg("provider.mjs").arg(port.to_string()).arg(format!("{page}/api/v1/auth/providers/example/callback"));
    node.current_dir(folder);
    let node = Program::start(node, "node (Debian: apt-get install nodejs)");
    wait_until_it_listens(("127.0.0.1", port)).await;
    (node, format!("http://127.0.0.1:{port}"))
}

/// Fills in a form that is shown, or will be, and sends it.
async fn submit(browser: &Browser, form: &str, fields: &[(&str, &str)]) {
    browser.wait_for(form).await;
    for (name, value) in fields {
        browser.rewrite(&format!("{form} [name={name}]"), value).await;
    }
    browser.press(&format!("{form} button")).await;
}

async fn register(site: &Site, browser: &Browser) {
    browser.press("[data-shows=register]").await;
    submit(browser, "#register form", &[("email", EMAIL), ("password", PASSWORD)]).await;
    let code = site.mailed_code("verify_email").await;
    submit(browser, "#verify form", &[("code", &code)]).await;
    browser.wait_for_text("#status", "Your address is proven.").await;
}

async fn sign_out(browser: &Browser) {
    browser.press("#sign-out").await;
    browser.wait_for_text("#status", "You are signed out.").await;
}

async fn sign_in(browser: &Browser, password: &str) {
    submit(browser, "#sign-in form", &[("username", EMAIL), ("password", password)]).await;
}

async fn somebody_registers_proves_their_address_and_ends_their_sessions(workplace: Workplace) {
    let site = Site::serve(workplace).await;
    let browser = site.open().await;
    assert!(browser.fits().await);
    depict(&browser, "examples/web/images/sign-in.png").await;
    browser.press("[data-shows=register]").await;
    // What is wrong is said beside what it is about.
    submit(&browser, "#register form", &[("email", EMAIL), ("password", "short")]).await;
    browser.wait_for_text("#register [role=alert]", "A password must have at least 8 characters.").await;
    browser.wait_for("#register [name=password][aria-invalid]").await;
    browser.press("#register [data-shows=sign-in]").await;
    browser.reload().await;
    register(&site, &browser).await;

    sign_in(&browser, "wrong").await;
    browser.wait_for_text("#sign-in [role=alert]", "The name or the password is wrong.").await;
    browser.reload().await;
    sign_in(&browser, PASSWORD).await;
    browser.wait_for_text("#email", EMAIL).await;
    browser.wait_for_text("#sessions", "this one").await;
    assert!(browser.fits().await);
    depict(&browser, "examples/web/images/account.png").await;

    // A reload goes on with the session, and no other window has it.
    browser.reload().await;
    browser.wait_for_text("#email", EMAIL).await;
    let other = site.open().await;
    sign_in(&other, PASSWORD).await;
    other.wait_for_text("#sessions li:nth-child(2)", "last used").await;
    other.press("#sessions li:nth-child(2) button").await;
    other.wait_for_text("#status", "The session has ended.").await;
    browser.reload().await;
    browser.wait_for_text("#status", "Your session has ended.").await;
    sign_out(&other).await;
    other.reload().await;
    other.wait_for("#sign-in").await;
}

async fn a_forgotten_password_is_chosen_anew(workplace: Workplace) {
    let site = Site::serve(workplace).await;
    let browser = site.open().await;
    register(&site, &browser).await;
    browser.press("[data-shows=forgotten]").await;
    submit(&browser, "#forgotten form", &[("email", EMAIL)]).await;
    let code = site.mailed_code("reset_password").await;
    submit(&browser, "#reset form", &[("code", &code), ("new_password", NEW)]).await;
    browser.wait_for_text("#status", "Your password was changed.").await;
    sign_in(&browser, NEW).await;
    browser.wait_for_text("#email", EMAIL).await;
}

/// Adds an authenticator app, and returns its secret.
async fn add_app(browser: &Browser) -> String {
    submit(browser, "#add-app", &[("name", "Phone")]).await;
    browser.wait_for("#enrol #qr-code").await;
    depict(browser, "examples/web/images/enrol.png").await;
    let secret = browser.text("#secret").await;
    submit(browser, "#enrol form", &[("code", &totp::code(&secret))]).await;
    browser.wait_for_text("#status", "Phone was added.").await;
    secret
}

/// Takes recovery codes that are shown.
async fn keep_codes(browser: &Browser) -> Vec<String> {
    browser.wait_for("#codes").await;
    let codes: Vec<_> = browser.text("#new-codes").await.lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    browser.press("#codes button").await;
    browser.wait_for_text("#codes-left", "10 are left.").await;
    codes
}

async fn an_authenticator_app_is_added_asked_for_and_lost(workplace: Workplace) {
    let site = Site::serve(workplace).await;
    let browser = site.open().await;
    register(&site, &browser).await;
    sign_in(&browser, PASSWORD).await;
    let secret = add_app(&browser).await;
    let codes = keep_codes(&browser).await;
    browser.wait_for_text("#apps", "Phone").await;
    sign_out(&browser).await;

    site.wait_long().await;
    sign_in(&browser, PASSWORD).await;
    browser.wait_for("#proof").await;
    assert!(browser.fits().await);
    depict(&browser, "examples/web/images/proof.png").await;
    submit(&browser, BY_APP, &[("proof", &totp::wrong_code(&secret))]).await;
    browser.wait_for_text(&format!("{BY_APP} [role=alert]"), "The code is wrong").await;
    browser.press("#proof > .quiet").await;
    sign_in(&browser, PASSWORD).await;
    submit(&browser, BY_APP, &[("proof", &totp::code(&secret))]).await;
    browser.wait_for_text("#apps", "Phone").await;

    // What changes how somebody gets in asks again.
    site.wait_long().await;
    browser.press("#renew-codes").await;
    submit(&browser, BY_APP, &[("proof", &totp::code(&secret))]).await;
    let newer = keep_codes(&browser).await;
    assert_ne!(newer, codes);
    sign_out(&browser).await;

    // The phone is lost.
    sign_in(&browser, PASSWORD).await;
    submit(&browser, BY_CODE, &[("proof", &newer[0])]).await;
    browser.wait_for_text("#codes-left", "9 are left.").await;
    browser.press("#apps button").await;
    browser.wait_for_text("#status", "Phone was removed.").await;
    browser.wait_for_text("#apps", "None yet.").await;
    sign_out(&browser).await;
    sign_in(&browser, PASSWORD).await;
    browser.wait_for_text("#email", EMAIL).await;
}

/// Has the page tell when it asks the browser for a passkey: at once, or whenever somebody wants to (`conditional`).
const TELL: &str = "
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options) => {
        document.body.dataset.asks = options.mediation ?? 'now';
        return get(options);
    };";

/// Signs out while nobody touches the device, and waits for the browser's offer to sign in with a passkey. Whoever
/// touches the device at once would take it.
async fn sign_out_untouched(browser: &Browser, device: &str) {
    browser.set_touch(device, false).await;
    browser.run(&format!("delete document.body.dataset.asks; {TELL}"), json!({})).await;
    sign_out(browser).await;
    browser.wait_for("[data-asks=conditional]").await;
    // It is on its way to the device.
    sleep(Duration::from_millis(500)).await;
    browser.set_touch(device, true).await;
}

async fn a_passkey_and_an_app_are_each_enough_and_a_recovery_code_when_both_are_lost(workplace: Workplace) {
    let site = Site::serve(workplace).await;
    let browser = site.open().await;
    let device = browser.add_authenticator().await;
    register(&site, &browser).await;
    sign_in(&browser, PASSWORD).await;
    submit(&browser, "#add-passkey", &[("name", "Laptop")]).await;
    browser.wait_for_text("#status", "Laptop was added.").await;
    let codes = keep_codes(&browser).await;
    let secret = add_app(&browser).await;
    browser.wait_for_text("#apps", "Phone").await;
    browser.wait_for_text("#passkeys", "Laptop").await;
    sign_out_untouched(&browser, &device).await;

    // With a passkey alone: by what the browser offers once the page is there, and by the button, which withdraws that.
    browser.reload().await;
    browser.wait_for_text("#email", EMAIL).await;
    sign_out_untouched(&browser, &device).await;
    browser.press("#by-passkey").await;
    browser.wait_for_text("#email", EMAIL).await;

    // With each besides the password.
    sign_out_untouched(&browser, &device).await;
    sign_in(&browser, PASSWORD).await;
    submit(&browser, BY_PASSKEY, &[]).await;
    browser.wait_for_text("#email", EMAIL).await;
    sign_out_untouched(&browser, &device).await;
    site.wait_long().await;
    sign_in(&browser, PASSWORD).await;
    submit(&browser, BY_APP, &[("proof", &totp::code(&secret))]).await;
    browser.wait_for_text("#email", EMAIL).await;

    // A passkey also proves again who it is.
    site.wait_long().await;
    browser.press("#renew-codes").await;
    submit(&browser, BY_PASSKEY, &[]).await;
    let newer = keep_codes(&browser).await;
    assert_ne!(newer, codes);
    sign_out_untouched(&browser, &device).await;

    // Both are lost.
    browser.remove_authenticator(&device).await;
    sign_in(&browser, PASSWORD).await;
    submit(&browser, BY_CODE, &[("proof", &codes[0])]).await;
    browser.wait_for_text(&format!("{BY_CODE} [role=alert]"), "The code is wrong").await;
    submit(&browser, BY_CODE, &[("proof", &newer[0])]).await;
    browser.wait_for_text("#codes-left", "9 are left.").await;
    for (list, name) in [("#passkeys", "Laptop"), ("#apps", "Phone")] {
        browser.press(&format!("{list} button")).await;
        browser.wait_for_text("#status", &format!("{name} was removed.")).await;
    }
    sign_out(&browser).await;
    sign_in(&browser, PASSWORD).await;
    browser.wait_for_text("#passkeys", "None yet.").await;
}

/// Signs in on the provider's own pages, and lets it tell the page who it was.
async fn sign_in_at_provider(browser: &Browser, name: &str) {
    submit(browser, "form", &[("login", name), ("password", "any")]).await;
    browser.wait_for_text("h1", "Authorize").await;
    browser.press("form button").await;
}

async fn an_account_at_a_provider_is_linked_and_signs_in(workplace: Workplace) {
    let port = free_address().port();
    let (_provider, issuer) = start_provider(&origin(port)).await;
    let workplace = workplace
        .with("APP_AUTH__RETURN_TO", format!("{}/", origin(port)))
        .with("APP_PROVIDERS__EXAMPLE__ISSUER", issuer)
        .with("APP_PROVIDERS__EXAMPLE__CLIENT_ID", "hexauth")
        .with("APP_PROVIDERS__EXAMPLE__CLIENT_SECRET", "a secret of two services");
    let site = Site::serve_at(port, workplace).await;
    let browser = site.open().await;
    register(&site, &browser).await;
    sign_in(&browser, PASSWORD).await;
    browser.press("#link button").await;
    sign_in_at_provider(&browser, "lovelace").await;
    browser.wait_for_text("#status", "The account was linked.").await;
    browser.wait_for_text("#identities", "lovelace@example.com at example").await;
    // The code is not in the address any more.
    assert_eq!(browser.url().await, format!("{}/", site.url));
    sign_out(&browser).await;

    // The provider knows this browser.
    browser.press("#by-provider button").await;
    browser.wait_for_text("#email", EMAIL).await;
    browser.press("#identities button").await;
    // The session began with that account and nothing else, and ends with it.
    browser.wait_for_text("#status", "Your session has ended.").await;
    sign_in(&browser, PASSWORD).await;
    browser.wait_for_text("#identities", "None yet.").await;
    sign_out(&browser).await;

    // Somebody whom nobody knows yet gets an account.
    let browser = site.open().await;
    browser.press("#by-provider button").await;
    sign_in_at_provider(&browser, "grace").await;
    browser.wait_for_text("#email", "grace@example.com").await;
    browser.wait_for_text("#identities", "grace@example.com at example").await;
}
