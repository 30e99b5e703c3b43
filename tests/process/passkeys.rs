//! Passkeys in Chromium, which makes and shows them by a device of its own.

use serde_json::{Value, json};
use tests::browser::Browser;
use tests::client::{Client, EMAIL, PASSWORD};
use tests::on_each_database;
use tests::process::Workplace;

on_each_database!(a_browser_registers_a_passkey_and_signs_in_with_it);

/// What a page does for these: `send` asks the API, and returns status and body.
const SEND: &str = "
    const send = async (path, body) => {
        const headers = {'Content-Type': 'application/json'};
        if (given.token) headers.Authorization = `Bearer ${given.token}`;
        const answer = await fetch(`/api/v1${path}`, {method: 'POST', headers, body: JSON.stringify(body)});
        return {status: answer.status, ...await answer.json().catch(() => ({}))};
    };
    const get = async (asked, mediation) => {
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.public_key);
        const credential = (await navigator.credentials.get({publicKey, mediation})).toJSON();
        return {ceremony: asked.ceremony, credential};
    };";

const REGISTER: &str = "
    const asked = await send('/users/me/passkeys/options', {});
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.public_key);
    const credential = (await navigator.credentials.create({publicKey})).toJSON();
    return send('/users/me/passkeys', {ceremony: asked.ceremony, name: 'Browser', credential});";

const SIGN_IN: &str =
    "return send('/auth/passkeys', await get(await send('/auth/passkeys/options', {}), given.mediation));";

const SIGN_IN_BY_BOTH: &str = "
    const {challenge, factors} = await send('/auth/login', {username: given.email, password: given.password});
    const asked = await send('/auth/challenge/passkey/options', {challenge});
    return {factors, ...await send('/auth/challenge/passkey', {challenge, ...await get(asked)})};";

const STEP_UP: &str = "
    const asked = await send('/auth/step-up/passkey/options', {});
    return send('/auth/step-up', {passkey: await get(asked)});";

async fn run(browser: &Browser, body: &str, given: Value) -> Value {
    browser.run(&format!("{SEND}{body}"), given).await
}

/// On any page of the service: browsers take `localhost` for a secure place, and no address.
async fn a_browser_registers_a_passkey_and_signs_in_with_it(workplace: Workplace) {
    let node = workplace.serve().await;
    let tokens = Client::of(&node).sign_up(EMAIL).await;
    let browser = Browser::open_with_script("en").await;
    browser.add_authenticator().await;
    let port = node.url().rsplit(':').next().unwrap().to_owned();
    browser.go(&format!("http://localhost:{port}/docs")).await;

    let registered = run(&browser, REGISTER, json!({"token": tokens.access})).await;
    assert_eq!((&registered["status"], &registered["name"]), (&json!(201), &json!("Browser")), "{registered}");
    assert_eq!(registered["recovery_codes"].as_array().unwrap().len(), 10);
    // The same device is not registered twice.
    let refreshed = tests::client::tokens(Client::of(&node).refresh(&tokens.refresh).await).await;
    let again = run(&browser, REGISTER, json!({"token": refreshed.access})).await;
    assert!(again["failed"].as_str().unwrap().contains("InvalidStateError"), "{again}");

    // By a button, and by autofill, which a device without questions answers at once.
    for mediation in ["optional", "conditional"] {
        let signed_in = run(&browser, SIGN_IN, json!({"mediation": mediation})).await;
        assert_eq!(signed_in["status"], 200, "{mediation}: {signed_in}");
    }
    let signed_in = run(&browser, SIGN_IN_BY_BOTH, json!({"email": EMAIL, "password": PASSWORD})).await;
    assert_eq!(signed_in["status"], 200, "{signed_in}");
    assert_eq!(signed_in["factors"], json!(["passkey", "recovery_code"]));
    let stepped_up = run(&browser, STEP_UP, json!({"token": signed_in["access_token"]})).await;
    assert_eq!(stepped_up, json!({"status": 204}));
}
