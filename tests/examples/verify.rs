use std::net::TcpListener;
use std::time::{Duration, Instant};

use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::client::{Client, EMAIL, Tokens};
use tests::process::{Node, Workplace, example};
use tests::{token_corpus, totp};

/// Longest wait for what takes some seconds.
const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// Hexauth, and the service that checks its tokens.
struct Both {
    workplace: Workplace,
    hexauth: Node,
    client: Client,
    service: Node,
    http: reqwest::Client,
}

impl Both {
    async fn start(workplace: Workplace) -> Self {
        let hexauth = workplace.serve().await;
        let jwks = format!("{}/.well-known/jwks.json", hexauth.url());
        let service = start_service(&workplace, &jwks);
        let client = Client::of(&hexauth);
        Self { workplace, hexauth, client, service, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn hello(&self, token: &str) -> StatusCode {
        hello(&self.http, &self.service, token).await
    }

    /// Asks until the answer is this.
    async fn hello_until(&self, token: &str, status: StatusCode) {
        let deadline = Instant::now() + LIMIT;
        while self.hello(token).await != status {
            assert!(Instant::now() < deadline, "it is not {status}:\n{}", self.service.logs());
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn start_service(workplace: &Workplace, jwks: &str) -> Node {
    workplace.start_program(example("verify"), &["--listen", "127.0.0.1:0", "--jwks", jwks])
}

async fn hello(http: &reqwest::Client, service: &Node, token: &str) -> StatusCode {
    http.get(format!("{}/hello", service.url())).bearer_auth(token).send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_token_is_taken_and_every_forgery_is_refused() {
    let both = Both::start(Workplace::default()).await;
    let token = both.client.sign_up(EMAIL).await.access;
    assert_eq!(both.hello(&token).await, StatusCode::OK);

    let jwks = both.client.get("/.well-known/jwks.json").await.text().await.unwrap();
    for (name, forgery) in token_corpus::forgeries(&token, &jwks) {
        // Longer ones do not get past the server's limit on headers, which has its own answer.
        if forgery.len() < 8000 {
            assert_eq!(both.hello(&forgery).await, StatusCode::UNAUTHORIZED, "{name}");
        }
    }
    assert_eq!(both.hello(&token).await, StatusCode::OK);

    let answer = both.http.get(format!("{}/hello", both.service.url())).send().await.unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()[WWW_AUTHENTICATE]),
        (StatusCode::UNAUTHORIZED, &"Bearer".parse().unwrap())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_expires_and_one_of_another_hexauth_is_foreign() {
    let both = Both::start(Workplace::default().with("APP_AUTH__ACCESS_TOKEN_TTL", "5s")).await;
    let another = Workplace::default().serve().await;
    let foreign = Client::of(&another).sign_up(EMAIL).await.access;
    assert_eq!(both.hello(&foreign).await, StatusCode::UNAUTHORIZED);

    both.client.sign_up(EMAIL).await;
    let Tokens { access, .. } = both.client.sign_in(EMAIL).await;
    assert_eq!(both.hello(&access).await, StatusCode::OK);
    both.hello_until(&access, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_are_followed_and_hexauth_may_be_away_meanwhile() {
    let both = Both::start(Workplace::default()).await;
    let old = both.client.sign_up(EMAIL).await.access;
    assert_eq!(both.hello(&old).await, StatusCode::OK);

    both.workplace.run(&["keys", "rotate", "--replace"]).success();
    // Until the server has heard of it, it signs with the old key.
    let deadline = Instant::now() + LIMIT;
    while both.client.verify(&old).await != StatusCode::UNAUTHORIZED {
        assert!(Instant::now() < deadline, "the keys are not replaced");
        tokio::time::sleep(PAUSE).await;
    }
    assert_eq!(both.hello(&old).await, StatusCode::OK, "what this service cannot know");
    let new = both.client.sign_in(EMAIL).await.access;
    both.hello_until(&new, StatusCode::OK).await;
    assert_eq!(both.hello(&old).await, StatusCode::UNAUTHORIZED);

    both.hexauth.stop().success();
    assert_eq!(hello(&both.http, &both.service, &new).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_nobody_can_tell() {
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let workplace = Workplace::default();
    let service = start_service(&workplace, &format!("http://{nowhere}/jwks.json"));
    let hexauth = workplace.serve().await;
    let token = Client::of(&hexauth).sign_up(EMAIL).await.access;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(hello(&http, &service, &token).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(hello(&http, &service, "garbage").await, StatusCode::UNAUTHORIZED);
}

/// The time and the methods of the last proof are in the token.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_takes_two_factors_shown_lately() {
    let both = Both::start(Workplace::default()).await;
    let pay = async |token: &str| {
        both.http.post(format!("{}/payments", both.service.url())).bearer_auth(token).send().await.unwrap()
    };
    let tokens = both.client.sign_up(EMAIL).await;
    let refused = pay(&tokens.access).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let challenge = "Bearer error=\"insufficient_user_authentication\", max_age=\"600\"";
    assert_eq!(refused.headers()[WWW_AUTHENTICATE], challenge);
    let path = "/users/me/factors/totp";
    let made = both.client.send(Method::POST, path, Some(&tokens.access), Some(json!({"name": "Phone"}))).await;
    let made: Value = made.json().await.unwrap();
    let (path, code) = (format!("{path}/{}/confirm", made["id"].as_str().unwrap()), made["secret"].as_str().unwrap());
    let code = json!({"code": totp::code(code)});
    let confirmed = both.client.send(Method::POST, &path, Some(&tokens.access), Some(code)).await;
    assert_eq!(confirmed.status(), StatusCode::OK);
    let tokens = tests::client::tokens(both.client.refresh(&tokens.refresh).await).await;
    assert_eq!(pay(&tokens.access).await.status(), StatusCode::OK);
    assert_eq!(pay("x").await.headers()[WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"");
}
