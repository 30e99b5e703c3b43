//! A flow, its browser, and the code that the app gets in the end.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use tests::on_each_database;

use super::{BACK, Begun, Setup, ada, landed};
use crate::app::App;

on_each_database!(
    a_flow_is_of_one_use_and_of_one_browser,
    a_response_of_another_provider_is_refused_and_its_code_sent_nowhere,
    the_code_is_of_one_use_and_of_whoever_began,
);

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn a_flow_is_of_one_use_and_of_one_browser(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.idp.says(ada());
    let begun = setup.begin("idp").await;
    let asked = || setup.idp.script.lock().unwrap().token_requests;
    let stranger = setup.begin("idp").await;
    for cookie in ["", stranger.cookie.as_str(), "hexauth-browser=x"] {
        let elsewhere = Begun {
            provider: "idp",
            state: begun.state.clone(),
            nonce: begun.nonce.clone(),
            cookie: cookie.to_owned(),
        };
        setup.come_back(&elsewhere).await.problem(400, "invalid_provider_response");
    }
    for query in [vec![("code", "x")], vec![("code", "x"), ("state", "")], vec![("code", "x"), ("state", "hxt_AAAA")]] {
        setup.come_back_with(&begun, &query).await.problem(400, "invalid_provider_response");
    }
    assert_eq!(asked(), 0, "no code was sent anywhere");
    landed(&setup.come_back(&begun).await, "code");
    setup.come_back(&begun).await.problem(400, "invalid_provider_response");
    assert_eq!(asked(), 1);
    // Two tabs at once.
    let first = Begun::of("idp", &setup.start("idp", &[("return_to", BACK)], &begun.cookie).await);
    let second = Begun::of("idp", &setup.start("idp", &[("return_to", BACK)], &begun.cookie).await);
    assert_eq!(first.cookie, second.cookie);
    landed(&setup.come_back(&first).await, "code");
    landed(&setup.come_back(&second).await, "code");
    // Somebody has changed their mind.
    let begun = setup.begin("idp").await;
    let refused = setup.come_back_with(&begun, &[("error", "access_denied"), ("state", &begun.state)]).await;
    assert_eq!(landed(&refused, "error"), "access_denied");
    let late = setup.begin("idp").await;
    setup.app.run_sql("UPDATE provider_flows SET expires_at = '2020-01-01T00:00:00+00:00'").await;
    setup.come_back(&late).await.problem(400, "invalid_provider_response");
}

async fn a_response_of_another_provider_is_refused_and_its_code_sent_nowhere(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.idp.set(|script| script.metadata = json!({"authorization_response_iss_parameter_supported": true}));
    let asked = || [&setup.idp, &setup.other].map(|issuer| issuer.script.lock().unwrap().token_requests);
    let begun = setup.begin("idp").await;
    let mixed = Begun { provider: "other", ..begun };
    setup.come_back(&mixed).await.problem(400, "invalid_provider_response");
    let (url, wrong) = (setup.idp.url.clone(), format!("{}/", setup.idp.url));
    for issuer in [None, Some(setup.other.url.as_str()), Some(wrong.as_str())] {
        let begun = setup.begin("idp").await;
        let mut query = vec![("code", begun.nonce.as_str()), ("state", begun.state.as_str())];
        query.extend(issuer.map(|issuer| ("iss", issuer)));
        setup.come_back_with(&begun, &query).await.problem(400, "invalid_provider_response");
    }
    let begun = setup.begin("other").await;
    let query = [("code", begun.nonce.as_str()), ("state", begun.state.as_str()), ("iss", url.as_str())];
    setup.come_back_with(&begun, &query).await.problem(400, "invalid_provider_response");
    assert_eq!(asked(), [0, 0]);
    let begun = setup.begin("idp").await;
    let query = [("code", begun.nonce.as_str()), ("state", begun.state.as_str()), ("iss", url.as_str())];
    landed(&setup.come_back_with(&begun, &query).await, "code");
}

async fn the_code_is_of_one_use_and_of_whoever_began(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.idp.says(ada());
    let query = [("return_to", BACK), ("code_challenge", CHALLENGE)];
    let begun = Begun::of("idp", &setup.start("idp", &query, "").await);
    let code = landed(&setup.come_back(&begun).await, "code");
    let other = VERIFIER.replace('d', "e");
    for body in [json!({"code": code}), json!({"code": code, "code_verifier": other}), json!({"code": "hxo_AAAA"})] {
        let refused = setup.exchange(body).await;
        refused.problem(400, "invalid_one_time_token");
        assert!(refused.text.contains("The code of the provider is not valid"), "{refused:?}");
    }
    let good = json!({"code": code, "code_verifier": VERIFIER});
    let exchanging = join_all((0..20).map(|_| setup.exchange(good.clone()))).await;
    assert_eq!(exchanging.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    exchanging.iter().filter(|answer| answer.status != StatusCode::OK).for_each(|answer| {
        answer.problem(400, "invalid_one_time_token");
    });
    let code = landed(&setup.come_back(&setup.begin("idp").await).await, "code");
    setup.exchange(json!({"code": code, "code_verifier": VERIFIER})).await.problem(400, "invalid_one_time_token");
    setup.app.run_sql("UPDATE provider_flows SET code_expires_at = '2020-01-01T00:00:00+00:00'").await;
    setup.exchange(json!({"code": code})).await.problem(400, "invalid_one_time_token");
}
