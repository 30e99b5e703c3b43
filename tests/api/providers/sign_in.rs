//! Which account somebody gets who signs in by a provider, and whether they are let in.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use tests::issuer::{CLIENT_ID, Issuer};
use tests::on_each_database;

use super::{BACK, Begun, Setup, ada, claims_of, landed, link, linking_code, query_of, value};
use crate::app::{App, PASSWORD};
use crate::letterbox::count;
use crate::passkeys::Holder;
use crate::second_factors::Enrolled;

on_each_database!(
    somebody_new_gets_an_account_and_comes_back_to_it,
    an_account_is_known_by_issuer_and_subject_alone,
    an_address_links_only_if_both_sides_have_proven_it,
    an_account_with_a_second_factor_is_linked_only_in_a_session_that_has_shown_it,
    a_provider_is_believed_about_the_domains_that_are_configured,
    what_else_a_provider_tells_completes_and_replaces_nothing,
    a_second_factor_is_asked_for,
    mode_and_status_hold,
    of_many_first_sign_ins_one_makes_the_account,
    github_is_asked_for_the_verified_primary_address,
);

async fn somebody_new_gets_an_account_and_comes_back_to_it(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let listed = setup.app.get("/api/v1/auth/providers", "").await;
    assert_eq!(listed.json()[0], json!({"name": "idp", "title": "Idp"}));
    let departure = setup.start("idp", &[("return_to", BACK)], "").await;
    let location = departure.header("location").to_owned();
    assert!(location.starts_with(&format!("{}/auth?prompt=login&", setup.idp.url)), "{location}");
    let query = query_of(&location);
    for (name, expected) in [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("code_challenge_method", "S256"),
        ("scope", "openid email"),
    ] {
        assert_eq!(value(&query, name), expected);
    }
    assert_eq!(value(&query, "redirect_uri"), format!("{}/api/v1/auth/providers/idp/callback", setup.app.url));
    let cookie = departure.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"), "{cookie}");
    let first = setup.sign_in(ada()).await.tokens();
    let me = setup.app.me(&first.access).await.json();
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("ada@example.com"), &json!(true)));
    assert_eq!(claims_of(&first)["amr"], json!(["fed"]));
    let again = setup.sign_in(ada()).await.tokens();
    assert_eq!(setup.app.id(&again).await, me["id"].as_str().unwrap());
    let sent = setup.idp.script.lock().unwrap().form.clone();
    assert_eq!(value(&sent, "grant_type"), "authorization_code");
    assert_eq!(value(&sent, "code_verifier").len(), 43);
    for (query, expected) in [
        (vec![("return_to", "https://app.example.com/back")], "return_to:not_allowed"),
        (vec![("return_to", "https://evil.example.com")], "return_to:not_allowed"),
        (vec![], "return_to:required"),
    ] {
        assert_eq!(setup.start("idp", &query, "").await.problem(422, "validation_failed"), [expected]);
    }
    for provider in ["unknown", "Idp"] {
        setup.start(provider, &[("return_to", BACK)], "").await.problem(404, "unknown_provider");
    }
}

async fn an_account_is_known_by_issuer_and_subject_alone(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let first = setup.sign_in(ada()).await.tokens();
    let renamed = json!({"sub": "AdA", "email": "lovelace@example.com", "email_verified": true});
    let again = setup.sign_in(renamed).await.tokens();
    assert_eq!(setup.app.id(&again).await, setup.app.id(&first).await);
    let other =
        setup.sign_in(json!({"sub": "ada", "email": "other@example.com", "email_verified": true})).await.tokens();
    assert_ne!(setup.app.id(&other).await, setup.app.id(&first).await, "the case of a subject counts");
    setup.other.says(json!({"sub": "AdA", "email": "third@example.com", "email_verified": true}));
    let back = setup.come_back(&setup.begin("other").await).await;
    let third = setup.exchange(json!({"code": landed(&back, "code")})).await.tokens();
    assert_ne!(setup.app.id(&third).await, setup.app.id(&first).await, "the issuer counts");
    assert_eq!(setup.users().await, 3);
}

async fn an_address_links_only_if_both_sides_have_proven_it(app: App) {
    let setup = Setup::with(&app, &[]).await;
    for (number, said) in [json!(false), json!("true"), json!("yes"), json!(1), json!(null)].into_iter().enumerate() {
        for is_proven_here in [true, false] {
            let email = format!("{number}{is_proven_here}@example.com");
            setup.app.register(&email).await;
            setup
                .app
                .run_sql(&format!("UPDATE users SET email_verified = {is_proven_here} WHERE email = '{email}'"))
                .await;
            let subject = format!("{number}{is_proven_here}");
            let refused = setup.sign_in(json!({"sub": subject, "email": email, "email_verified": said})).await;
            refused.problem(409, "link_required");
        }
    }
    let known = setup.app.sign_up("ada@example.com").await;
    setup.app.run_sql("UPDATE users SET email_verified = true").await;
    let linked =
        setup.sign_in(json!({"sub": "AdA", "email": "ADA@example.com", "email_verified": true})).await.tokens();
    assert_eq!(setup.app.id(&linked).await, setup.app.id(&known).await);
    assert_eq!(setup.app.refresh(&known.refresh).await.status, StatusCode::OK, "nothing else has changed");
    // Whoever made an account with somebody else's address loses it to its owner.
    let mallory = setup.app.sign_up("eve@example.com").await;
    setup.app.run_sql("UPDATE users SET email_verified = false WHERE email = 'eve@example.com'").await;
    let owner = setup.sign_in(json!({"sub": "eve", "email": "eve@example.com", "email_verified": true})).await.tokens();
    setup.app.me(&mallory.access).await.problem(401, "invalid_token");
    setup.app.refresh(&mallory.refresh).await.problem(401, "invalid_refresh_token");
    setup.app.login("eve@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    assert_eq!(setup.app.me(&owner.access).await.json()["email_verified"], true);
    setup.sign_in(json!({"sub": "nobody"})).await.problem(403, "email_missing");
}

/// A link is a way in, which takes the strongest factor that there is. What the provider says of an address is none of
/// them.
async fn an_account_with_a_second_factor_is_linked_only_in_a_session_that_has_shown_it(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let with_app = Enrolled::new(&setup.app, "ada@example.com").await.tokens;
    let with_passkey = Holder::new(&setup.app, "bob@example.com").await.tokens;
    setup.app.run_sql("UPDATE users SET email_verified = true").await;
    for (email, tokens) in [("ada@example.com", with_app), ("bob@example.com", with_passkey)] {
        let claims = json!({"sub": email, "email": email, "email_verified": true});
        setup.sign_in(claims.clone()).await.problem(409, "link_required");
        assert_eq!(count(&setup.app, "identities").await, 0);
        // Nothing has changed for whoever is signed in, and they link it.
        let code = linking_code(&setup, &tokens).await;
        assert_eq!(link(&setup, &tokens, &code).await.status, StatusCode::CREATED);
        setup.sign_in(claims).await.problem(403, "second_factor_required");
        setup.app.run_sql("DELETE FROM identities").await;
    }
}

async fn a_provider_is_believed_about_the_domains_that_are_configured(app: App) {
    let setup = Setup::with(&app, &[("APP_PROVIDERS__IDP__TRUSTED_DOMAINS", "example.org, example.net")]).await;
    setup.app.register("ada@example.com").await;
    setup.app.register("ada@example.org").await;
    setup.app.run_sql("UPDATE users SET email_verified = true").await;
    setup.sign_in(ada()).await.problem(409, "link_required");
    setup.sign_in(json!({"sub": "org", "email": "ada@example.org", "email_verified": true})).await.tokens();
    let new =
        setup.sign_in(json!({"sub": "new", "email": "new@sub.example.org", "email_verified": true})).await.tokens();
    assert_eq!(setup.app.me(&new.access).await.json()["email_verified"], false);
}

async fn what_else_a_provider_tells_completes_and_replaces_nothing(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let told = json!({"sub": "AdA", "email": "ada@example.com", "email_verified": true});
    setup.idp.set(|script| script.userinfo = told.clone());
    let ada = setup.sign_in(json!({"sub": "AdA"})).await.tokens();
    assert_eq!(setup.app.me(&ada.access).await.json()["email"], "ada@example.com");
    setup.idp.says(json!({"sub": "another"}));
    assert_eq!(setup.refusal().await, "invalid_provider_response", "it is about somebody else");
    setup.idp.set(|script| script.userinfo = json!({"sub": "bob", "email": "eve@example.com", "email_verified": true}));
    let bob = setup.sign_in(json!({"sub": "bob", "email": "bob@example.com"})).await.tokens();
    let me = setup.app.me(&bob.access).await.json();
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("bob@example.com"), &json!(false)));
}

async fn a_second_factor_is_asked_for(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let tokens = setup.sign_in(ada()).await.tokens();
    let id = setup.app.id(&tokens).await;
    let (user, blob) = match setup.app.database_url.starts_with("sqlite:") {
        true => (format!("x'{}'", id.replace('-', "")), "x'00'".to_owned()),
        false => (format!("'{id}'"), "'\\x00'".to_owned()),
    };
    let now = "2026-01-01T00:00:00+00:00";
    let columns = "id, user_id, name, name_key, secret, created_at, confirmed_at";
    let values = format!("{user}, {user}, 'Phone', 'phone', {blob}, '{now}', '{now}'");
    setup.app.run_sql(&format!("INSERT INTO totp_devices ({columns}) VALUES ({values})")).await;
    setup
        .sign_in(json!({"sub": "AdA", "amr": ["pwd", "mfa"], "acr": "high"}))
        .await
        .problem(403, "second_factor_required");
}

async fn mode_and_status_hold(app: App) {
    let setup = Setup::with(&app, &[("APP_REGISTRATION__MODE", "closed")]).await;
    setup.sign_in(ada()).await.problem(403, "registration_closed");
    let unproven = |email| json!({"sub": "AdA", "email": email, "email_verified": false});
    setup.app.admin("root@example.com").await;
    for email in ["root@example.com", "ada@example.com"] {
        setup.sign_in(unproven(email)).await.problem(403, "registration_closed");
    }
    assert_eq!(setup.users().await, 1);
    let verified = [("APP_REGISTRATION__MODE", "verified"), ("APP_MAIL__TRANSPORT", "log")];
    let setup = Setup::with(&app, &verified).await;
    for email in ["root@example.com", "ada@example.com"] {
        setup.sign_in(unproven(email)).await.problem(403, "email_not_verified");
    }
    assert_eq!(setup.users().await, 1);
    setup.sign_in(ada()).await.tokens();
    setup.app.run_sql("UPDATE users SET is_active = false WHERE email = 'ada@example.com'").await;
    setup.sign_in(ada()).await.problem(403, "account_disabled");
}

async fn of_many_first_sign_ins_one_makes_the_account(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.idp.says(ada());
    let mut codes = Vec::new();
    for _ in 0..100 {
        codes.push(landed(&setup.come_back(&setup.begin("idp").await).await, "code"));
    }
    let answers = join_all(codes.iter().map(|code| setup.exchange(json!({"code": code})))).await;
    for answer in answers {
        answer.tokens();
    }
    assert_eq!(setup.users().await, 1);
    assert_eq!(count(&setup.app, "identities").await, 1);
}

async fn github_is_asked_for_the_verified_primary_address(app: App) {
    let github = Issuer::start().await;
    let setup = Setup::with(
        &app,
        &[
            ("APP_PROVIDERS__HUB__KIND", "github"),
            ("APP_PROVIDERS__HUB__ISSUER", &github.url),
            ("APP_PROVIDERS__HUB__CLIENT_ID", "app"),
            ("APP_PROVIDERS__HUB__CLIENT_SECRET", "secret"),
        ],
    )
    .await;
    let sign_in = async || {
        let departure = setup.start("hub", &[("return_to", BACK)], "").await;
        let location = departure.header("location").to_owned();
        assert!(location.starts_with(&format!("{}/login/oauth/authorize?", github.url)), "{location}");
        let (state, cookie) = (
            value(&query_of(&location), "state"),
            departure.header("set-cookie").split(';').next().unwrap().to_owned(),
        );
        let begun = Begun { provider: "hub", state, nonce: "code".to_owned(), cookie };
        let code = landed(&setup.come_back(&begun).await, "code");
        setup.exchange(json!({"code": code})).await
    };
    setup.app.register("ada@example.com").await;
    setup.app.run_sql("UPDATE users SET email_verified = true").await;
    let address =
        |email: &str, primary: bool, verified: bool| json!({"email": email, "primary": primary, "verified": verified});
    github.set(|script| script.addresses = json!([address("ada@example.com", true, false)]));
    sign_in().await.problem(409, "link_required");
    github.set(|script| script.addresses = json!([address("ada@example.com", false, true)]));
    sign_in().await.problem(403, "email_missing");
    github.set(|script| {
        script.addresses = json!([address("x@example.com", false, true), address("ada@example.com", true, true)])
    });
    let tokens = sign_in().await.tokens();
    assert_eq!(setup.app.me(&tokens.access).await.json()["email"], "ada@example.com");
    let listed = setup.app.get("/api/v1/users/me/identities", &tokens.access).await.json();
    assert_eq!(listed[0]["provider"], "hub");
}
