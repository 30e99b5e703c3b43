//! Providers: signing in by one, and linking an account there.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::OnDatabase;

use super::exchange;
use crate::app::{App, Tokens};
use crate::providers::{BACK, Setup, ada, encode, landed, link, linking_code};

const MINE: &str = "/api/v1/users/me/identities";

/// The exchange, in which the provider, too, is on the same port in each run.
async fn shown(setup: &Setup, request: RequestBuilder) -> String {
    let port = |url: &str| url.rsplit(':').next().unwrap().to_owned();
    let text = exchange(&setup.app, request).await;
    text.replace(&port(&setup.app.url), "8080").replace(&port(&setup.idp.url), "9000")
}

/// What a browser asks for.
fn visit(setup: &Setup, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
    setup.client.get(format!("{}/api/v1/auth/providers/idp/{path}?{}", setup.app.url, encode(query)))
}

/// A user whose account at the provider is linked.
async fn linked(setup: &Setup) -> (Tokens, Value) {
    let tokens = setup.app.sign_up("ada@example.com").await;
    setup.idp.says(ada());
    let code = linking_code(setup, &tokens).await;
    let identity = link(setup, &tokens, &code).await.json();
    (tokens, identity)
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_lists_the_providers() {
    let app = App::sqlite().await;
    let setup = Setup::with(&app, &[]).await;
    let request = setup.app.request(Method::GET, "/api/v1/auth/providers");
    insta::assert_snapshot!(shown(&setup, request).await, @r#"
    GET /api/v1/auth/providers

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    [
      {
        "name": "idp",
        "title": "Idp"
      },
      {
        "name": "other",
        "title": "Other"
      }
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_sent_to_a_provider() {
    let app = App::sqlite().await;
    let setup = Setup::with(&app, &[]).await;
    let request = visit(&setup, "start", &[("return_to", BACK)]);
    insta::assert_snapshot!(shown(&setup, request).await, @"
    GET /api/v1/auth/providers/idp/start?return_to=https%3A%2F%2Fapp.example.com%2Fback%3Ffrom%3Dprovider

    HTTP/1.1 303 See Other
    cache-control: no-store
    location: http://127.0.0.1:9000/auth?prompt=login&response_type=code&client_id=hexauth&redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Fapi%2Fv1%2Fauth%2Fproviders%2Fidp%2Fcallback&scope=openid+email&state=[opaque]&nonce=[opaque]&code_challenge=[opaque]&code_challenge_method=S256
    set-cookie: hexauth-browser=[opaque]; Path=/; Max-Age=600; HttpOnly; SameSite=Lax
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_comes_back_from_a_provider() {
    let app = App::sqlite().await;
    let setup = Setup::with(&app, &[]).await;
    setup.idp.says(ada());
    let begun = setup.begin("idp").await;
    let request = visit(&setup, "callback", &[("code", &begun.nonce), ("state", &begun.state)]);
    let request = request.header("cookie", &begun.cookie);
    insta::assert_snapshot!(shown(&setup, request).await, @"
    GET /api/v1/auth/providers/idp/callback?code=[opaque]&state=[opaque]
    cookie: hexauth-browser=[opaque]

    HTTP/1.1 303 See Other
    cache-control: no-store
    location: https://app.example.com/back?from=provider&code=[opaque]
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_comes_back_with_a_form() {
    let app = App::sqlite().await;
    let setup = Setup::with(&app, &[]).await;
    let begun = setup.begin("idp").await;
    let url = format!("{}/api/v1/auth/providers/idp/callback", setup.app.url);
    let request = setup.client.post(url).form(&[("code", &begun.nonce), ("state", &begun.state)]);
    insta::assert_snapshot!(shown(&setup, request).await, @"
    POST /api/v1/auth/providers/idp/callback
    content-type: application/x-www-form-urlencoded

    code=[opaque]&state=[opaque]

    HTTP/1.1 303 See Other
    cache-control: no-store
    location: http://127.0.0.1:8080/api/v1/auth/providers/idp/callback?handle=[opaque]
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_signs_in_with_the_code() {
    let app = App::sqlite().await;
    let setup = Setup::with(&app, &[]).await;
    setup.idp.says(ada());
    let code = landed(&setup.come_back(&setup.begin("idp").await).await, "code");
    let request = setup.app.request(Method::POST, "/api/v1/auth/providers/exchange").json(&json!({"code": code}));
    insta::assert_snapshot!(shown(&setup, request).await, @r#"
    POST /api/v1/auth/providers/exchange
    content-type: application/json

    {
      "code": "[opaque]"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "access_token": "[access token]",
      "expires_in": 900,
      "refresh_token": "[refresh token]",
      "token_type": "bearer"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_begins_to_link_an_account() {
    let app = App::sqlite().await;
    let setup = Setup::with(&app, &[]).await;
    let tokens = setup.app.sign_up("ada@example.com").await;
    let path = "/api/v1/users/me/identities/idp/start";
    let request = setup.app.request(Method::POST, path).bearer_auth(&tokens.access).json(&json!({"return_to": BACK}));
    insta::assert_snapshot!(shown(&setup, request).await, @r#"
    POST /api/v1/users/me/identities/idp/start
    authorization: Bearer [access token]
    content-type: application/json

    {
      "return_to": "https://app.example.com/back?from=provider"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "url": "http://127.0.0.1:8080/api/v1/auth/providers/idp/start?link=[opaque]"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_links_an_account() {
    let app = App::sqlite().await;
    let setup = Setup::with(&app, &[]).await;
    let tokens = setup.app.sign_up("ada@example.com").await;
    setup.idp.says(ada());
    let code = linking_code(&setup, &tokens).await;
    let request = setup.app.request(Method::POST, MINE).bearer_auth(&tokens.access).json(&json!({"code": code}));
    insta::assert_snapshot!(shown(&setup, request).await, @r#"
    POST /api/v1/users/me/identities
    authorization: Bearer [access token]
    content-type: application/json

    {
      "code": "[opaque]"
    }

    HTTP/1.1 201 Created
    cache-control: no-store
    content-type: application/json
    location: /api/v1/users/me/identities/[id]

    {
      "created_at": "[time]",
      "email": "ada@example.com",
      "id": "[id]",
      "provider": "idp"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lists_their_linked_accounts() {
    let app = App::sqlite().await;
    let setup = Setup::with(&app, &[]).await;
    let (tokens, _) = linked(&setup).await;
    let request = setup.app.request(Method::GET, MINE).bearer_auth(&tokens.access);
    insta::assert_snapshot!(shown(&setup, request).await, @r#"
    GET /api/v1/users/me/identities
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    [
      {
        "created_at": "[time]",
        "email": "ada@example.com",
        "id": "[id]",
        "provider": "idp"
      }
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_unlinks_an_account() {
    let app = App::sqlite().await;
    let setup = Setup::with(&app, &[]).await;
    let (tokens, identity) = linked(&setup).await;
    let path = format!("{MINE}/{}", identity["id"].as_str().unwrap());
    let request = setup.app.request(Method::DELETE, &path).bearer_auth(&tokens.access);
    insta::assert_snapshot!(shown(&setup, request).await, @"
    DELETE /api/v1/users/me/identities/[id]
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}
