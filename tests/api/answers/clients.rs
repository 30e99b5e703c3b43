//! Services that introspect and revoke tokens.

use reqwest::Method;

use super::exchange;
use crate::app::App;

const CLIENT_SECRET: &str = "the secret of the gateway";
/// A client with the hash of this secret, by `sha256sum`.
const CLIENT: (&str, &str) =
    ("APP_CLIENTS__GATEWAY", "sha256:de8adf5cba11c21b291b6aecc77772852a1b0a346d1453c2e17bf4f8094f6218");

#[tokio::test(flavor = "multi_thread")]
async fn a_client_introspects_a_token() {
    let app = App::sqlite_with(&[CLIENT]).await;
    let ada = app.sign_up("ada@example.com").await;
    let form = [("client_id", "gateway"), ("client_secret", CLIENT_SECRET), ("token", &ada.access)];
    let request = app.request(Method::POST, "/api/v1/auth/introspect").form(&form);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/introspect
    content-type: application/x-www-form-urlencoded

    client_id=gateway&client_secret=the+secret+of+the+gateway&token=[access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "active": true,
      "amr": [
        "pwd"
      ],
      "aud": "hexauth",
      "auth_time": [seconds since 1970],
      "client_id": "hexauth",
      "exp": [seconds since 1970],
      "iat": [seconds since 1970],
      "iss": "hexauth",
      "jti": "[id]",
      "nbf": [seconds since 1970],
      "role": "user",
      "sid": "[id]",
      "sub": "[id]",
      "token_type": "Bearer"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_revokes_a_token() {
    let app = App::sqlite_with(&[CLIENT]).await;
    let ada = app.sign_up("ada@example.com").await;
    let form = [("client_id", "gateway"), ("client_secret", CLIENT_SECRET), ("token", &ada.refresh)];
    let request = app.request(Method::POST, "/api/v1/auth/revoke").form(&form);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    POST /api/v1/auth/revoke
    content-type: application/x-www-form-urlencoded

    client_id=gateway&client_secret=the+secret+of+the+gateway&token=[refresh token]

    HTTP/1.1 200 OK
    cache-control: no-store
    ");
}
