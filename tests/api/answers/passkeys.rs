//! Passkeys: registering one, signing in with it, and removing it.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::OnDatabase;
use tests::soft_passkey::SoftPasskey;

use super::exchange;
use crate::app::{App, PASSWORD};
use crate::passkeys::{Holder, ORIGIN};

const MINE: &str = "/api/v1/users/me/passkeys";

fn post(app: &App, path: &str, body: &Value) -> RequestBuilder {
    app.request(Method::POST, path).json(body)
}

fn presented(asked: &Value, passkey: &SoftPasskey) -> Value {
    json!({"ceremony": asked["ceremony"], "credential": passkey.assert(&asked["public_key"])})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_for_a_new_passkey() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::POST, "/api/v1/users/me/passkeys/options").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users/me/passkeys/options
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "ceremony": "[id]",
      "expires_at": "[time]",
      "public_key": {
        "attestation": "none",
        "authenticatorSelection": {
          "requireResidentKey": true,
          "residentKey": "required",
          "userVerification": "preferred"
        },
        "challenge": "[opaque]",
        "excludeCredentials": [],
        "pubKeyCredParams": [
          {
            "alg": -7,
            "type": "public-key"
          },
          {
            "alg": -257,
            "type": "public-key"
          }
        ],
        "rp": {
          "id": "localhost",
          "name": "Hexauth"
        },
        "timeout": 300000,
        "user": {
          "displayName": "ada@example.com",
          "id": "[user handle]",
          "name": "ada@example.com"
        }
      }
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_registers_a_passkey() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let asked = app.send_as(&ada.access, Method::POST, "/api/v1/users/me/passkeys/options", json!({})).await.json();
    let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
    let body = json!({"ceremony": asked["ceremony"], "name": "Phone", "credential": credential});
    let request = post(&app, MINE, &body).bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users/me/passkeys
    authorization: Bearer [access token]
    content-type: application/json

    {
      "ceremony": "[id]",
      "credential": {
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {
          "credProps": {
            "rk": true
          }
        },
        "id": "[opaque]",
        "rawId": "[opaque]",
        "response": {
          "attestationObject": "[opaque]",
          "clientDataJSON": "[opaque]",
          "transports": [
            "internal",
            "hybrid"
          ]
        },
        "type": "public-key"
      },
      "name": "Phone"
    }

    HTTP/1.1 201 Created
    cache-control: no-store
    content-type: application/json
    location: /api/v1/users/me/passkeys/[id]

    {
      "created_at": "[time]",
      "id": "[id]",
      "is_synced": false,
      "last_used_at": null,
      "name": "Phone",
      "recovery_codes": [
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]"
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lists_their_passkeys() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let request = app.request(Method::GET, MINE).bearer_auth(&ada.tokens.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users/me/passkeys
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    [
      {
        "created_at": "[time]",
        "id": "[id]",
        "is_synced": false,
        "last_used_at": null,
        "name": "Phone"
      }
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_renames_a_passkey() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let request =
        app.request(Method::PATCH, &ada.path).bearer_auth(&ada.tokens.access).json(&json!({"name": "Laptop"}));
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    PATCH /api/v1/users/me/passkeys/[id]
    authorization: Bearer [access token]
    content-type: application/json

    {
      "name": "Laptop"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "created_at": "[time]",
      "id": "[id]",
      "is_synced": false,
      "last_used_at": null,
      "name": "Laptop"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_removes_a_passkey() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let request = app.request(Method::DELETE, &ada.path).bearer_auth(&ada.tokens.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    DELETE /api/v1/users/me/passkeys/[id]
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_asks_for_a_passkey_to_sign_in() {
    let app = App::sqlite().await;
    let request = post(&app, "/api/v1/auth/passkeys/options", &json!({}));
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/passkeys/options
    content-type: application/json

    {}

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "ceremony": "[id]",
      "expires_at": "[time]",
      "public_key": {
        "allowCredentials": [],
        "challenge": "[opaque]",
        "rpId": "localhost",
        "timeout": 300000,
        "userVerification": "required"
      }
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_with_a_passkey() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let asked = app.post("/api/v1/auth/passkeys/options", json!({})).await.json();
    let request = post(&app, "/api/v1/auth/passkeys", &presented(&asked, &ada.passkey));
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/passkeys
    content-type: application/json

    {
      "ceremony": "[id]",
      "credential": {
        "clientExtensionResults": {},
        "id": "[opaque]",
        "rawId": "[opaque]",
        "response": {
          "authenticatorData": "[opaque]",
          "clientDataJSON": "[opaque]",
          "signature": "[opaque]",
          "userHandle": "[user handle]"
        },
        "type": "public-key"
      }
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
async fn somebody_asks_for_a_passkey_after_their_password() {
    let app = App::sqlite().await;
    Holder::new(&app, "ada@example.com").await;
    let challenge = app.login("ada@example.com", PASSWORD).await.json()["challenge"].clone();
    let request = post(&app, "/api/v1/auth/challenge/passkey/options", &json!({"challenge": challenge}));
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/challenge/passkey/options
    content-type: application/json

    {
      "challenge": "[challenge]"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "ceremony": "[id]",
      "expires_at": "[time]",
      "public_key": {
        "allowCredentials": [
          {
            "id": "[opaque]",
            "type": "public-key"
          }
        ],
        "challenge": "[opaque]",
        "rpId": "localhost",
        "timeout": 300000,
        "userVerification": "preferred"
      }
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_finishes_a_sign_in_with_a_passkey() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let challenge = app.login("ada@example.com", PASSWORD).await.json()["challenge"].clone();
    let body = json!({"challenge": challenge});
    let asked = app.post("/api/v1/auth/challenge/passkey/options", body).await.json();
    let mut body = presented(&asked, &ada.passkey);
    body["challenge"] = challenge;
    let request = post(&app, "/api/v1/auth/challenge/passkey", &body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/challenge/passkey
    content-type: application/json

    {
      "ceremony": "[id]",
      "challenge": "[challenge]",
      "credential": {
        "clientExtensionResults": {},
        "id": "[opaque]",
        "rawId": "[opaque]",
        "response": {
          "authenticatorData": "[opaque]",
          "clientDataJSON": "[opaque]",
          "signature": "[opaque]",
          "userHandle": "[user handle]"
        },
        "type": "public-key"
      }
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
async fn a_user_asks_for_a_passkey_to_prove_again_who_they_are() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let request = app.request(Method::POST, "/api/v1/auth/step-up/passkey/options").bearer_auth(&ada.tokens.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/step-up/passkey/options
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "ceremony": "[id]",
      "expires_at": "[time]",
      "public_key": {
        "allowCredentials": [
          {
            "id": "[opaque]",
            "type": "public-key"
          }
        ],
        "challenge": "[opaque]",
        "rpId": "localhost",
        "timeout": 300000,
        "userVerification": "preferred"
      }
    }
    "#);
}
