//! What a provider brings by a form, from another site.

use reqwest::StatusCode;
use serde_json::json;
use tests::on_each_database;

use super::{BACK, Begun, Setup, ada, landed, query_of, value};
use crate::app::{Answer, App, send};

on_each_database!(
    a_form_is_sent_on_sealed_and_signs_nobody_in,
    a_handle_is_of_one_flow_one_browser_and_one_use,
    what_a_form_may_bring_has_a_limit,
    nothing_comes_back_from_a_provider_that_is_not_configured,
);

/// What a provider brings by a form, and where that leads. From another site, there is no cookie.
async fn post_form(setup: &Setup, provider: &str, sent: &[(&str, &str)]) -> Answer {
    let url = format!("{}/api/v1/auth/providers/{provider}/callback", setup.app.url);
    send(setup.client.post(&url).form(sent)).await
}

/// Where a browser is sent on to with the form of its flow.
async fn sent_on(setup: &Setup, begun: &Begun) -> String {
    let posted = post_form(setup, begun.provider, &[("code", &begun.nonce), ("state", &begun.state)]).await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER, "{posted:?}");
    posted.header("location").to_owned()
}

/// D14.
async fn a_form_is_sent_on_sealed_and_signs_nobody_in(app: App) {
    let setup = Setup::with(&app, &[("APP_PROVIDERS__IDP__RESPONSE_MODE", "form_post")]).await;
    setup.idp.says(ada());
    let departure = setup.start("idp", &[("return_to", BACK)], "").await;
    assert_eq!(value(&query_of(departure.header("location")), "response_mode"), "form_post");
    let begun = Begun::of("idp", &departure);
    let url = format!("{}/api/v1/auth/providers/idp/callback", setup.app.url);
    let sent = [("code", begun.nonce.as_str()), ("state", &begun.state), ("session_state", "whatever")];
    let posted = post_form(&setup, "idp", &sent).await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER, "{posted:?}");
    assert!(posted.headers.get("set-cookie").is_none(), "{posted:?}");
    assert_eq!(setup.idp.script.lock().unwrap().token_requests, 0);
    let next = posted.header("location").to_owned();
    let names: Vec<_> = query_of(&next).into_iter().map(|(name, _)| name).collect();
    assert!(next.starts_with(&format!("{url}?")) && names == ["handle"], "{next}");
    for told in [&begun.nonce, &begun.state, "code=", "state="] {
        assert!(!next.contains(told), "{next}");
    }
    let code = landed(&setup.get(&next, &begun.cookie).await, "code");
    setup.exchange(json!({"code": code})).await.tokens();
    // Somebody has changed their mind.
    let begun = setup.begin("idp").await;
    let refused = post_form(&setup, "idp", &[("error", "user_cancelled_authorize"), ("state", &begun.state)]).await;
    let back = setup.get(refused.header("location"), &begun.cookie).await;
    assert_eq!(landed(&back, "error"), "access_denied");
    // The issuer comes along (RFC 9207).
    let begun = setup.begin("idp").await;
    let other = [("code", begun.nonce.as_str()), ("state", &begun.state), ("iss", &setup.other.url)];
    let posted = post_form(&setup, "idp", &other).await;
    setup.get(posted.header("location"), &begun.cookie).await.problem(400, "invalid_provider_response");
}

async fn a_handle_is_of_one_flow_one_browser_and_one_use(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.idp.says(ada());
    let begun = setup.begin("idp").await;
    let next = sent_on(&setup, &begun).await;
    let refused = async |url: &str, cookie: &str| {
        setup.get(url, cookie).await.problem(400, "invalid_provider_response");
    };
    let stranger = setup.begin("idp").await;
    for cookie in ["", stranger.cookie.as_str()] {
        refused(&next, cookie).await;
    }
    let (start, last) = next.split_at(next.len() - 1);
    let altered = format!("{start}{}", if last == "A" { "B" } else { "A" });
    let handle = value(&query_of(&next), "handle");
    let base = next.split_once('?').unwrap().0;
    let altered_first = format!("{base}?handle={}{}", if handle.starts_with('A') { "B" } else { "A" }, &handle[1..]);
    for url in [
        altered,
        altered_first,
        format!("{next}A"),
        format!("{base}?handle="),
        format!("{base}?handle=x"),
        format!("{base}?handle=%2B"),
        format!("{base}?handle={}", "A".repeat(20_000)),
        next.replace("/idp/", "/other/"),
        format!("{next}&state={}", begun.state),
        format!("{next}&code=x"),
    ] {
        refused(&url, &begun.cookie).await;
    }
    assert_eq!(setup.idp.script.lock().unwrap().token_requests, 0);
    landed(&setup.get(&next, &begun.cookie).await, "code");
    refused(&next, &begun.cookie).await;
    refused(&sent_on(&setup, &begun).await, &begun.cookie).await;
    assert_eq!(setup.idp.script.lock().unwrap().token_requests, 1);
    let late = setup.begin("idp").await;
    let next = sent_on(&setup, &late).await;
    setup.app.run_sql("UPDATE provider_flows SET expires_at = '2020-01-01T00:00:00+00:00'").await;
    refused(&next, &late.cookie).await;
}

async fn what_a_form_may_bring_has_a_limit(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.idp.says(ada());
    let long = "x".repeat(3_000);
    let begun = setup.begin("idp").await;
    let posted = post_form(&setup, "idp", &[("code", &long), ("state", &begun.state)]).await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER, "{posted:?}");
    // The provider says what it is worth.
    landed(&setup.get(posted.header("location"), &begun.cookie).await, "error");
    // What was sent is counted, and not how it was escaped: all of this may be in a code.
    let begun = setup.begin("idp").await;
    let full = "/+=&%\"\\ ".repeat(480);
    let posted = post_form(&setup, "idp", &[("code", &full), ("state", &begun.state)]).await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER, "{posted:?}");
    landed(&setup.get(posted.header("location"), &begun.cookie).await, "error");
    let sent = setup.idp.script.lock().unwrap().form.clone();
    assert!(sent.contains(&("code".to_owned(), full)), "{sent:?}");
    for name in ["code", "state", "error", "iss"] {
        let two_lines = "x\ncode=y".to_owned();
        for text in ["x".repeat(4_096), "\u{e9}".repeat(2_048), "\0".repeat(60_000 / 3), two_lines] {
            let refused = post_form(&setup, "idp", &[(name, &text)]).await;
            refused.problem(400, "invalid_provider_response");
            let is_long = text.len() > 4_000;
            assert_eq!(refused.text.contains("at most 4,096 bytes"), is_long, "{refused:?}");
        }
    }
}

async fn nothing_comes_back_from_a_provider_that_is_not_configured(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let begun = setup.begin("idp").await;
    for provider in ["nobody", "IDP", "idp2"] {
        post_form(&setup, provider, &[("code", "x"), ("state", &begun.state)]).await.problem(404, "unknown_provider");
        post_form(&setup, provider, &[]).await.problem(404, "unknown_provider");
        let path = format!("/api/v1/auth/providers/{provider}");
        for rest in ["callback?code=x&state=x", "callback", "callback?handle=x", "start", "start?link=x"] {
            setup.get(&format!("{path}/{rest}"), &begun.cookie).await.problem(404, "unknown_provider");
        }
    }
}
