use futures_util::future::join_all;
use reqwest::{Response, redirect};
use serde_json::json;
use tests::client::tokens;
use tests::issuer::{CLIENT_ID, Issuer, form};
use tests::process::Workplace;
use tests::{count, on_each_database};

use crate::nodes::Nodes;

on_each_database!(of_a_hundred_first_sign_ins_over_four_nodes_one_makes_the_account);

const NODES: usize = 4;
const CALLERS: usize = 100;
const BACK: &str = "https://app.example.com/back";

/// This parameter of where an answer sends the browser.
fn parameter(answer: &Response, name: &str) -> String {
    let location = answer.headers()["location"].to_str().unwrap();
    let query = form(location.split_once('?').unwrap().1.as_bytes());
    query.into_iter().find(|(found, _)| found == name).unwrap_or_else(|| panic!("no {name} in {location}")).1
}

/// Goes through the provider in a browser of its own, whose every request another node takes, and returns the code.
async fn code(nodes: &Nodes, browser: &reqwest::Client, number: usize) -> String {
    let providers = |of: usize| format!("{}/api/v1/auth/providers/idp", nodes.node((number + of) % NODES).url());
    let departure = browser.get(format!("{}/start?return_to={BACK}", providers(0))).send().await.unwrap();
    let cookie = departure.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (state, nonce) = (parameter(&departure, "state"), parameter(&departure, "nonce"));
    let url = format!("{}/callback?code={nonce}&state={state}", providers(1));
    parameter(&browser.get(url).header("cookie", cookie).send().await.unwrap(), "code")
}

/// Somebody whom nobody knows yet comes from the provider a hundred times at once, to each node.
async fn of_a_hundred_first_sign_ins_over_four_nodes_one_makes_the_account(workplace: Workplace) {
    let idp = Issuer::start().await;
    let workplace = workplace
        .with("APP_AUTH__RETURN_TO", BACK)
        .with("APP_PROVIDERS__IDP__ISSUER", idp.url.as_str())
        .with("APP_PROVIDERS__IDP__CLIENT_ID", CLIENT_ID);
    let nodes = Nodes::start(workplace, NODES).await;
    idp.says(json!({"sub": "AdA", "email": "ada@example.com", "email_verified": true}));
    let browser = reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
    let mut codes = Vec::new();
    for number in 0..CALLERS {
        codes.push(code(&nodes, &browser, number).await);
    }
    let exchanges = codes
        .iter()
        .enumerate()
        .map(|(number, code)| nodes.client(number).post("/auth/providers/exchange", json!({"code": code})));
    for answer in join_all(exchanges).await {
        tokens(answer).await;
    }
    for table in ["users", "identities"] {
        assert_eq!(count(&nodes.workplace.database_url(), &format!("SELECT count(*) AS n FROM {table}")).await, 1);
    }
    nodes.assert_no_fault_was_logged();
}
