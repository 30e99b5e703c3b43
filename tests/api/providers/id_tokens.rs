//! Which ID tokens count, and by which keys.

use domain::Clock as _;
use futures_util::future::join_all;
use infra_security::SystemClock;
use serde_json::json;
use tests::issuer::CLIENT_ID;
use tests::on_each_database;

use super::{Setup, ada, landed};
use crate::app::App;

on_each_database!(
    a_token_that_is_not_right_in_every_point_lets_nobody_in,
    clocks_may_differ_by_a_minute,
    rotated_keys_are_followed_and_strangers_have_them_fetched_once,
);

async fn a_token_that_is_not_right_in_every_point_lets_nobody_in(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let now = SystemClock.now().timestamp();
    let mut claims = vec![
        json!({"iss": setup.other.url}),
        json!({"iss": format!("{}/", setup.idp.url)}),
        json!({"iss": null}),
        json!({"aud": "another"}),
        json!({"aud": [CLIENT_ID, "another"]}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"azp": "another"}),
        json!({"exp": now - 61}),
        json!({"exp": null}),
        json!({"exp": "9999999999"}),
        json!({"iat": now + 3600}),
        json!({"iat": null}),
        json!({"nbf": now + 3600}),
        json!({"nonce": null}),
        json!({"nonce": "another"}),
        json!({"sub": ""}),
        json!({"sub": null}),
        json!({"sub": 1}),
        json!({"sub": "x".repeat(256)}),
    ];
    for bent in claims.drain(..) {
        setup.idp.says(bent.clone());
        assert_eq!(setup.refusal().await, "invalid_provider_response", "{bent}");
    }
    setup.idp.says(ada());
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "RS256"}),
        json!({"alg": "ES256"}),
        json!({"alg": "eddsa"}),
        json!({"alg": null}),
        json!({"kid": "unknown"}),
        json!({"crit": ["exp"]}),
    ] {
        setup.idp.set(|script| script.header = header.clone());
        assert_eq!(setup.refusal().await, "invalid_provider_response", "{header}");
    }
    setup.idp.set(|script| script.header = json!(null));
    for signature in [vec![], vec![0; 64]] {
        setup.idp.set(|script| script.signature = Some(signature));
        assert_eq!(setup.refusal().await, "invalid_provider_response");
    }
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"p+w d");
    let forged = aws_lc_rs::hmac::sign(&secret, b"anything").as_ref().to_vec();
    setup.idp.set(|script| (script.signature, script.header) = (Some(forged), json!({"alg": "HS256", "kid": null})));
    assert_eq!(setup.refusal().await, "invalid_provider_response");
    assert_eq!(setup.users().await, 0);
    setup.idp.set(|script| (script.signature, script.header) = (None, json!({"kid": null})));
    setup.sign_in(ada()).await.tokens();
}

async fn clocks_may_differ_by_a_minute(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let now = SystemClock.now().timestamp();
    for (bent, is_taken) in [
        (json!({"exp": now - 45}), true),
        (json!({"exp": now - 70}), false),
        (json!({"iat": now + 50}), true),
        (json!({"iat": now + 75}), false),
    ] {
        let mut claims = ada();
        claims.as_object_mut().unwrap().extend(bent.as_object().unwrap().clone());
        setup.idp.says(claims);
        let begun = setup.begin("idp").await;
        landed(&setup.come_back(&begun).await, if is_taken { "code" } else { "error" });
    }
}

async fn rotated_keys_are_followed_and_strangers_have_them_fetched_once(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.sign_in(ada()).await.tokens();
    // Of many who come with the new key at once, one has it fetched.
    let mut begun = Vec::new();
    for _ in 0..20 {
        begun.push(setup.begin("idp").await);
    }
    setup.idp.set(|script| script.keys = vec![1, 2]);
    for back in join_all(begun.iter().map(|begun| setup.come_back(begun))).await {
        landed(&back, "code");
    }
    let fetched = || setup.idp.script.lock().unwrap().key_requests;
    assert_eq!(fetched(), 2);
    for number in 0..20 {
        setup.idp.set(|script| script.header = json!({"kid": format!("random-{number}")}));
        assert_eq!(setup.refusal().await, "invalid_provider_response");
    }
    assert_eq!(fetched(), 2);
    setup.idp.set(|script| script.header = json!({"kid": null}));
    assert_eq!(setup.refusal().await, "invalid_provider_response", "it does not say which of two");
}
