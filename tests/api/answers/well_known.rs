//! What others read about this server.

use reqwest::Method;
use tests::OnDatabase;

use super::exchange;
use crate::app::App;

#[tokio::test(flavor = "multi_thread")]
async fn anyone_reads_the_public_keys() {
    let app = App::sqlite().await;
    let request = app.request(Method::GET, "/.well-known/jwks.json");
    let text = exchange(&app, request).await;
    // What is left of 5 s since the node has read the keys.
    let text = (0..5).fold(text, |text, age| text.replace(&format!("max-age={age}\n"), "max-age=[0 to 4]\n"));
    insta::assert_snapshot!(text, @r#"
    GET /.well-known/jwks.json

    HTTP/1.1 200 OK
    cache-control: public, max-age=[0 to 4]
    content-type: application/json

    {
      "keys": [
        {
          "alg": "EdDSA",
          "crv": "Ed25519",
          "kid": "[id]",
          "kty": "OKP",
          "use": "sig",
          "x": "[opaque]"
        },
        {
          "alg": "EdDSA",
          "crv": "Ed25519",
          "kid": "[id]",
          "kty": "OKP",
          "use": "sig",
          "x": "[opaque]"
        }
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_reads_where_what_is() {
    let app = App::sqlite().await;
    let request = app.request(Method::GET, "/.well-known/oauth-authorization-server");
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /.well-known/oauth-authorization-server

    HTTP/1.1 200 OK
    cache-control: public, max-age=300
    content-type: application/json

    {
      "grant_types_supported": [
        "password",
        "refresh_token"
      ],
      "introspection_endpoint": "http://127.0.0.1:8080/api/v1/auth/introspect",
      "introspection_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post"
      ],
      "issuer": "hexauth",
      "jwks_uri": "http://127.0.0.1:8080/.well-known/jwks.json",
      "response_types_supported": [],
      "revocation_endpoint": "http://127.0.0.1:8080/api/v1/auth/revoke",
      "revocation_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post"
      ],
      "service_documentation": "http://127.0.0.1:8080/docs/",
      "token_endpoint": "http://127.0.0.1:8080/oauth2/token",
      "token_endpoint_auth_methods_supported": [
        "none",
        "client_secret_basic",
        "client_secret_post"
      ]
    }
    "#);
}
