//! Providers that are away, slow, or say what cannot be read.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::issuer::{CLIENT_ID, Issuer};
use tests::on_each_database;

use super::{BACK, Setup, ada, encode, landed};
use crate::app::{App, PASSWORD};

on_each_database!(
    a_provider_that_is_away_keeps_nothing_else_from_working,
    a_page_comes_back_from_a_provider_that_is_away,
    a_provider_that_is_not_there_at_the_start_is_there_once_it_comes,
    a_provider_that_is_slow_at_any_step_is_given_up,
    only_short_json_from_the_right_place_is_read,
);

async fn a_provider_that_is_away_keeps_nothing_else_from_working(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.idp.set(|script| script.delay = Duration::from_secs(20));
    let begin = Instant::now();
    setup.start("idp", &[("return_to", BACK)], "").await.problem(503, "provider_unavailable");
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    setup.app.sign_up("bob@example.com").await;
    setup.begin("other").await;
    setup.idp.set(|script| script.delay = Duration::ZERO);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let begun = setup.begin("idp").await;
    setup.idp.set(|script| script.answer = Some((500, "application/json", "{}".to_owned())));
    assert_eq!(landed(&setup.come_back(&begun).await, "error"), "provider_unavailable");
    setup.idp.set(|script| script.answer = None);
    setup.sign_in(ada()).await.tokens();
}

/// Whoever follows a link is shown no JSON, wherever they may be sent back to.
async fn a_page_comes_back_from_a_provider_that_is_away(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let tokens = setup.app.sign_up("ada@example.com").await;
    let body = json!({"return_to": BACK});
    let path = "/api/v1/users/me/identities/idp/start";
    let linking = setup.app.send_as(&tokens.access, Method::POST, path, body).await.json();
    let linking = linking["url"].as_str().unwrap().strip_prefix(&setup.app.url).unwrap().to_owned();
    setup.idp.set(|script| script.answer = Some((500, "application/json", "{}".to_owned())));
    let start =
        |provider: &str, query: &[(&str, &str)]| format!("/api/v1/auth/providers/{provider}/start?{}", encode(query));
    let signing_in = start("idp", &[("return_to", BACK)]);
    for path in [&signing_in, &linking] {
        assert_eq!(landed(&setup.visit(path).await, "error"), "provider_unavailable", "{path}");
        setup.get(path, "").await.problem(503, "provider_unavailable");
    }
    let elsewhere = [("return_to", "https://elsewhere.example.com")];
    setup.visit(&start("idp", &elsewhere)).await.problem(422, "validation_failed");
    setup.visit(&start("nobody", &[("return_to", BACK)])).await.problem(404, "unknown_provider");
    setup.visit(&start("idp", &[("link", "hxl_AAAA")])).await.problem(400, "invalid_one_time_token");
    // It goes on where it could not begin.
    setup.idp.set(|script| script.answer = None);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for path in [&signing_in, &linking] {
        let departure = setup.visit(path).await;
        assert!(departure.header("location").starts_with(&setup.idp.url), "{departure:?}");
    }
}

async fn a_provider_that_is_not_there_at_the_start_is_there_once_it_comes(app: App) {
    let address = tests::servers::free_address();
    let late = format!("http://{address}");
    let settings = [("APP_PROVIDERS__LATE__ISSUER", late.as_str()), ("APP_PROVIDERS__LATE__CLIENT_ID", CLIENT_ID)];
    let setup = Setup::with(&app, &settings).await;
    assert_eq!(setup.app.get("/health/ready", "").await.status, StatusCode::OK);
    setup.sign_in(ada()).await.tokens();
    setup.start("late", &[("return_to", BACK)], "").await.problem(503, "provider_unavailable");
    let late = Issuer::start_at(address.port()).await;
    late.says(json!({"sub": "late", "email": "late@example.com", "email_verified": true}));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let back = setup.come_back(&setup.begin("late").await).await;
    setup.exchange(json!({"code": landed(&back, "code")})).await.tokens();
}

/// After five seconds, and meanwhile it keeps nobody else waiting: neither whoever signs in by a password nor by
/// another provider.
async fn a_provider_that_is_slow_at_any_step_is_given_up(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.app.register("bob@example.com").await;
    let mut begun = Vec::new();
    for _ in 0..30 {
        begun.push(setup.begin("idp").await);
    }
    for path in ["/token", "/jwks", "/me"] {
        setup.idp.set(|script| script.slow_path = path);
        let some = begun.split_off(begun.len() - 10);
        let waiting = async {
            let began = Instant::now();
            for back in join_all(some.iter().map(|begun| setup.come_back(begun))).await {
                assert_eq!(landed(&back, "error"), "provider_unavailable", "{path}");
            }
            let took = began.elapsed();
            assert!(took > Duration::from_secs(4) && took < Duration::from_secs(8), "{path}: {took:?}");
        };
        let others = async {
            let began = Instant::now();
            setup.app.login("bob@example.com", PASSWORD).await.tokens();
            landed(&setup.come_back(&setup.begin("other").await).await, "code");
            assert!(began.elapsed() < Duration::from_secs(4), "{path}: {:?}", began.elapsed());
        };
        tokio::join!(waiting, others);
        setup.idp.set(|script| script.slow_path = "");
        // For a second after a failure, it is not asked again.
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    setup.sign_in(ada()).await.tokens();
}

async fn only_short_json_from_the_right_place_is_read(app: App) {
    for (status, kind, body) in [
        (302, "application/json", "{}".to_owned()),
        (200, "text/html", "{}".to_owned()),
        (200, "application/json", " ".repeat(300 * 1024)),
        (200, "application/json", "[]".to_owned()),
    ] {
        let setup = Setup::with(&app, &[]).await;
        setup.idp.set(|script| script.answer = Some((status, kind, body)));
        setup.start("idp", &[("return_to", BACK)], "").await.problem(503, "provider_unavailable");
    }
    for metadata in [
        json!({"issuer": "https://another.example.com"}),
        json!({"issuer": null}),
        json!({"token_endpoint": "http://id.example.com/token"}),
        json!({"jwks_uri": "file:///etc/passwd"}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
    ] {
        let setup = Setup::with(&app, &[]).await;
        setup.idp.set(|script| script.metadata = metadata.clone());
        setup.start("idp", &[("return_to", BACK)], "").await.problem(503, "provider_unavailable");
    }
}
