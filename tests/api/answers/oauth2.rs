//! Tokens for OAuth clients.

use reqwest::Method;
use tests::OnDatabase;

use super::exchange;
use crate::app::{App, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_tokens_for_a_password() {
    let app = App::sqlite().await;
    app.register("ada@example.com").await;
    let form = [("grant_type", "password"), ("username", "ada@example.com"), ("password", PASSWORD)];
    let request = app.request(Method::POST, "/oauth2/token").form(&form);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /oauth2/token
    content-type: application/x-www-form-urlencoded

    grant_type=password&username=ada%40example.com&password=correct+horse+battery+staple

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json
    pragma: no-cache

    {
      "access_token": "[access token]",
      "expires_in": 900,
      "refresh_token": "[refresh token]",
      "token_type": "Bearer"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_refused_in_the_words_of_oauth() {
    let app = App::sqlite().await;
    let form = [("grant_type", "password"), ("username", "ada@example.com"), ("password", "wrong")];
    let request = app.request(Method::POST, "/oauth2/token").form(&form).header("x-request-id", "7");
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /oauth2/token
    content-type: application/x-www-form-urlencoded

    grant_type=password&username=ada%40example.com&password=wrong

    HTTP/1.1 400 Bad Request
    cache-control: no-store
    content-type: application/json
    pragma: no-cache

    {
      "code": "invalid_credentials",
      "detail": "The name or the password is wrong.",
      "error": "invalid_grant",
      "error_description": "The name or the password is wrong.",
      "request_id": "7",
      "status": 400,
      "title": "Bad Request",
      "type": "about:blank"
    }
    "#);
}
