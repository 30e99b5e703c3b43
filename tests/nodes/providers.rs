use futures_util::future::{join, join_all};
use reqwest::{Method, Response, StatusCode, redirect};
use serde_json::{Value, json};
use tests::client::{Tokens, tokens};
use tests::issuer::{CLIENT_ID, Issuer, form};
use tests::process::Workplace;
use tests::{count, on_each_database};

use crate::nodes::Nodes;

on_each_database!(
    of_a_hundred_first_sign_ins_over_four_nodes_one_makes_the_account,
    an_account_at_a_provider_that_many_link_at_once_is_of_one_user,
    of_two_removals_at_once_over_two_nodes_the_last_way_in_stays,
    of_an_account_that_is_unlinked_meanwhile_no_session_is_left,
);

const NODES: usize = 4;
const CALLERS: usize = 100;
const BACK: &str = "https://app.example.com/back";
const IDENTITIES: &str = "/users/me/identities";

/// Nodes that know a provider, it, and a browser.
struct Setup {
    nodes: Nodes,
    idp: Issuer,
    browser: reqwest::Client,
}

impl Setup {
    async fn start(workplace: Workplace) -> Self {
        let idp = Issuer::start().await;
        let workplace = workplace
            .with("APP_AUTH__RETURN_TO", BACK)
            .with("APP_PROVIDERS__IDP__ISSUER", idp.url.as_str())
            .with("APP_PROVIDERS__IDP__CLIENT_ID", CLIENT_ID);
        let nodes = Nodes::start(workplace, NODES).await;
        let browser = reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        Self { nodes, idp, browser }
    }

    fn providers(&self, number: usize) -> String {
        format!("{}/api/v1/auth/providers/idp", self.nodes.node(number % NODES).url())
    }

    /// Goes through the provider, to sign in, and returns the code.
    async fn code(&self, number: usize) -> String {
        self.come_back(&format!("{}/start?return_to={BACK}", self.providers(number)), number + 1).await
    }

    /// Likewise, to link.
    async fn linking_code(&self, tokens: &Tokens, number: usize) -> String {
        let path = format!("{IDENTITIES}/idp/start");
        let started = self.nodes.client(number).post_as(tokens, &path, json!({"return_to": BACK})).await;
        self.come_back(started["url"].as_str().unwrap(), number + 1).await
    }

    /// Goes from this URL to the provider and back, to this node.
    async fn come_back(&self, url: &str, number: usize) -> String {
        let departure = self.browser.get(url).send().await.unwrap();
        let cookie = departure.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let (state, nonce) = (parameter(&departure, "state"), parameter(&departure, "nonce"));
        let url = format!("{}/callback?code={nonce}&state={state}", self.providers(number));
        parameter(&self.browser.get(url).header("cookie", cookie).send().await.unwrap(), "code")
    }

    async fn exchange(&self, code: &str, number: usize) -> Response {
        self.nodes.client(number).post("/auth/providers/exchange", json!({"code": code})).await
    }

    async fn link(&self, tokens: &Tokens, code: &str, number: usize) -> Response {
        let (client, body) = (self.nodes.client(number), json!({"code": code}));
        client.send(Method::POST, IDENTITIES, Some(&tokens.access), Some(body)).await
    }

    async fn count(&self, table: &str) -> i64 {
        count(&self.nodes.workplace.database_url(), &format!("SELECT count(*) AS n FROM {table}")).await
    }
}

/// This parameter of where an answer sends the browser.
fn parameter(answer: &Response, name: &str) -> String {
    let location = answer.headers()["location"].to_str().unwrap();
    let query = form(location.split_once('?').unwrap().1.as_bytes());
    query.into_iter().find(|(found, _)| found == name).unwrap_or_else(|| panic!("no {name} in {location}")).1
}

/// Somebody whom nobody knows yet comes from the provider a hundred times at once, to each node.
async fn of_a_hundred_first_sign_ins_over_four_nodes_one_makes_the_account(workplace: Workplace) {
    let setup = Setup::start(workplace).await;
    setup.idp.says(json!({"sub": "AdA", "email": "ada@example.com", "email_verified": true}));
    let mut codes = Vec::new();
    for number in 0..CALLERS {
        codes.push(setup.code(number).await);
    }
    let exchanges = codes.iter().enumerate().map(|(number, code)| setup.exchange(code, number));
    for answer in join_all(exchanges).await {
        tokens(answer).await;
    }
    for table in ["users", "identities"] {
        assert_eq!(setup.count(table).await, 1);
    }
    setup.nodes.assert_no_fault_was_logged();
}

async fn an_account_at_a_provider_that_many_link_at_once_is_of_one_user(workplace: Workplace) {
    let setup = Setup::start(workplace).await;
    setup.idp.says(json!({"sub": "hers"}));
    let mut begun = Vec::new();
    for number in 0..20 {
        let tokens = setup.nodes.client(number).sign_up(&format!("user-{number}@example.com")).await;
        begun.push((setup.linking_code(&tokens, number).await, tokens));
    }
    let linking = begun.iter().enumerate().map(|(number, (code, tokens))| setup.link(tokens, code, number));
    let answers = join_all(linking).await;
    let (linked, refused): (Vec<_>, Vec<_>) =
        answers.iter().map(Response::status).partition(|status| *status == StatusCode::CREATED);
    assert_eq!(linked.len(), 1);
    assert!(refused.iter().all(|status| *status == StatusCode::CONFLICT), "{refused:?}");
    assert_eq!(setup.count("identities").await, 1);
    setup.nodes.assert_no_fault_was_logged();
}

/// A passkey and an account at a provider, which are two ways in, and no password.
async fn of_two_removals_at_once_over_two_nodes_the_last_way_in_stays(workplace: Workplace) {
    let setup = Setup::start(workplace).await;
    let client = setup.nodes.client(0);
    for number in 0..10 {
        let email = format!("user-{number}@example.com");
        setup.idp.says(json!({"sub": email, "email": email, "email_verified": true}));
        let session = tokens(setup.exchange(&setup.code(0).await, 1).await).await;
        let passkey = client.add_passkey(&session, "Phone").await;
        let session = tokens(client.refresh(&session.refresh).await).await;
        let listed = client.send(Method::GET, IDENTITIES, Some(&session.access), None).await;
        let listed: Value = listed.json().await.unwrap();
        let identity = format!("{IDENTITIES}/{}", listed[0]["id"].as_str().unwrap());
        setup.nodes.assert_one_is_removed(&session, [&passkey.path, &identity], "last_way_in").await;
    }
    setup.nodes.assert_no_fault_was_logged();
}

/// Whatever began before has ended, and nothing begins afterwards.
async fn of_an_account_that_is_unlinked_meanwhile_no_session_is_left(workplace: Workplace) {
    let setup = Setup::start(workplace).await;
    for number in 0..10 {
        let owner = setup.nodes.client(0).sign_up(&format!("user-{number}@example.com")).await;
        setup.idp.says(json!({"sub": format!("user {number}")}));
        let linked = setup.link(&owner, &setup.linking_code(&owner, 0).await, 0).await;
        assert_eq!(linked.status(), StatusCode::CREATED, "{linked:?}");
        let linked: Value = linked.json().await.unwrap();
        let path = format!("{IDENTITIES}/{}", linked["id"].as_str().unwrap());
        let mut codes = Vec::new();
        for number in 0..12 {
            codes.push(setup.code(number).await);
        }
        let exchanges = codes.iter().enumerate().map(|(number, code)| setup.exchange(code, number));
        let unlink = async {
            // Some are to be through.
            tokio::time::sleep(std::time::Duration::from_millis(3 * number)).await;
            setup.nodes.client(1).send(Method::DELETE, &path, Some(&owner.access), None).await.status()
        };
        let (unlinked, answers) = join(unlink, join_all(exchanges)).await;
        assert_eq!(unlinked, StatusCode::NO_CONTENT);
        for answer in answers {
            match answer.status() {
                StatusCode::OK => {
                    let refreshed = setup.nodes.client(0).refresh(&tokens(answer).await.refresh).await;
                    assert_eq!(refreshed.status(), StatusCode::UNAUTHORIZED);
                }
                status => assert!([400, 403].contains(&status.as_u16()), "{answer:?}"),
            }
        }
        let sessions = "refresh_tokens WHERE revoked_at IS NULL AND amr LIKE '%fed%'";
        assert_eq!(setup.count(sessions).await, 0);
    }
    setup.nodes.assert_no_fault_was_logged();
}
