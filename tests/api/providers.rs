//! Signing in by identity providers, and linking accounts there. What is wrong comes from an issuer of ours; that the
//! rest is right, `tests/process/web.rs` shows with one that nobody here wrote.

use domain::Clock as _;
use infra_security::SystemClock;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use data_encoding::BASE64URL_NOPAD;
use domain::one_time_tokens::Purpose;
use futures_util::future::join_all;
use reqwest::{Client, Method, StatusCode, redirect};
use serde_json::{Value, json};
use tests::issuer::{CLIENT_ID, Issuer, form};
use tests::on_each_database;

use crate::app::{Answer, App, NEW_PASSWORD, PASSWORD, Tokens, send};
use crate::letterbox::count;
use crate::passkeys::{Holder, presented};
use crate::registration::last_token;
use crate::second_factors::{Enrolled, proven};

on_each_database!(
    somebody_new_gets_an_account_and_comes_back_to_it,
    an_account_is_known_by_issuer_and_subject_alone,
    an_address_links_only_if_both_sides_have_proven_it,
    an_account_with_a_second_factor_is_linked_only_in_a_session_that_has_shown_it,
    a_provider_is_believed_about_the_domains_that_are_configured,
    a_token_that_is_not_right_in_every_point_lets_nobody_in,
    clocks_may_differ_by_a_minute,
    a_flow_is_of_one_use_and_of_one_browser,
    a_response_of_another_provider_is_refused_and_its_code_sent_nowhere,
    what_else_a_provider_tells_completes_and_replaces_nothing,
    a_second_factor_is_asked_for,
    mode_and_status_hold,
    a_provider_that_is_away_keeps_nothing_else_from_working,
    a_provider_that_is_not_there_at_the_start_is_there_once_it_comes,
    a_provider_that_is_slow_at_any_step_is_given_up,
    rotated_keys_are_followed_and_strangers_have_them_fetched_once,
    only_short_json_from_the_right_place_is_read,
    a_form_is_sent_on_sealed_and_signs_nobody_in,
    a_handle_is_of_one_flow_one_browser_and_one_use,
    what_a_form_may_bring_has_a_limit,
    the_code_is_of_one_use_and_of_whoever_began,
    an_account_is_linked_in_the_session_that_began_and_to_one_user,
    a_stranger_leaves_no_way_in_behind_for_the_owner_of_an_address,
    a_session_ends_with_the_last_account_that_it_began_by,
    the_last_way_in_stays,
    what_is_configured_no_more_is_no_way_in,
    of_many_first_sign_ins_one_makes_the_account,
    github_is_asked_for_the_verified_primary_address,
);

pub(crate) const BACK: &str = "https://app.example.com/back?from=provider";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server on the database of another, with two providers, and with these settings besides.
pub(crate) struct Setup {
    pub(crate) app: App,
    pub(crate) idp: Issuer,
    other: Issuer,
    /// Follows no redirects.
    pub(crate) client: Client,
}

/// A browser that was sent to a provider.
pub(crate) struct Begun {
    provider: &'static str,
    pub(crate) state: String,
    /// The code that [`Issuer`] takes.
    pub(crate) nonce: String,
    pub(crate) cookie: String,
}

impl Setup {
    pub(crate) async fn with(app: &App, settings: &[(&str, &str)]) -> Self {
        let (idp, other) = (Issuer::start().await, Issuer::start().await);
        let mut all = vec![
            ("APP_AUTH__RETURN_TO", BACK),
            ("APP_PROVIDERS__IDP__ISSUER", idp.url.as_str()),
            ("APP_PROVIDERS__IDP__CLIENT_ID", CLIENT_ID),
            ("APP_PROVIDERS__IDP__CLIENT_SECRET", "p+w d"),
            ("APP_PROVIDERS__OTHER__ISSUER", other.url.as_str()),
            ("APP_PROVIDERS__OTHER__CLIENT_ID", CLIENT_ID),
        ];
        all.extend(settings);
        let app = app.another_node(&all).await;
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(Duration::from_secs(60)).build();
        Self { app, idp, other, client: client.unwrap() }
    }

    async fn get(&self, url: &str, cookie: &str) -> Answer {
        let url = if url.starts_with('/') { format!("{}{url}", self.app.url) } else { url.to_owned() };
        send(self.client.get(url).header("cookie", cookie)).await
    }

    async fn start(&self, provider: &'static str, query: &[(&str, &str)], cookie: &str) -> Answer {
        let path = format!("/api/v1/auth/providers/{provider}/start?{}", encode(query));
        self.get(&path, cookie).await
    }

    pub(crate) async fn begin(&self, provider: &'static str) -> Begun {
        Begun::of(provider, &self.start(provider, &[("return_to", BACK)], "").await)
    }

    pub(crate) async fn come_back(&self, begun: &Begun) -> Answer {
        self.come_back_with(begun, &[("code", &begun.nonce), ("state", &begun.state)]).await
    }

    async fn come_back_with(&self, begun: &Begun, query: &[(&str, &str)]) -> Answer {
        let path = format!("/api/v1/auth/providers/{}/callback?{}", begun.provider, encode(query));
        self.get(&path, &begun.cookie).await
    }

    pub(crate) async fn exchange(&self, body: Value) -> Answer {
        self.app.post("/api/v1/auth/providers/exchange", body).await
    }

    /// All of it, by the first provider.
    pub(crate) async fn sign_in(&self, claims: Value) -> Answer {
        self.idp.says(claims);
        let begun = self.begin("idp").await;
        let back = self.come_back(&begun).await;
        self.exchange(json!({"code": landed(&back, "code")})).await
    }

    /// Why nobody is let in whom the first provider describes so.
    async fn refusal(&self) -> String {
        let begun = self.begin("idp").await;
        landed(&self.come_back(&begun).await, "error")
    }

    async fn users(&self) -> i64 {
        tests::count(&self.app.database_url, "SELECT count(*) AS n FROM users").await
    }
}

impl Begun {
    fn of(provider: &'static str, departure: &Answer) -> Self {
        assert_eq!(departure.status, StatusCode::SEE_OTHER, "{departure:?}");
        let query = query_of(departure.header("location"));
        let cookie = departure.header("set-cookie").split(';').next().unwrap().to_owned();
        Self { provider, state: value(&query, "state"), nonce: value(&query, "nonce"), cookie }
    }
}

pub(crate) fn encode(query: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://a", query).unwrap();
    url.query().unwrap_or_default().to_owned()
}

fn query_of(url: &str) -> Vec<(String, String)> {
    form(url.split_once('?').unwrap().1.as_bytes())
}

fn value(query: &[(String, String)], name: &str) -> String {
    let found = query.iter().find(|(found, _)| found == name);
    found.unwrap_or_else(|| panic!("no {name} in {query:?}")).1.clone()
}

/// What the app gets in the end.
#[track_caller]
pub(crate) fn landed(back: &Answer, name: &str) -> String {
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{back:?}");
    let location = back.header("location");
    assert!(location.starts_with(BACK), "{location}");
    value(&query_of(location), name)
}

pub(crate) fn ada() -> Value {
    json!({"sub": "AdA", "email": "ada@example.com", "email_verified": true})
}

fn claims_of(tokens: &Tokens) -> Value {
    let part = tokens.access.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

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
    for name in ["code", "state", "error", "iss"] {
        for text in ["x".repeat(5_000), "\u{e9}".repeat(2_000), "\0".repeat(60_000 / 3)] {
            post_form(&setup, "idp", &[(name, &text)]).await.problem(400, "invalid_provider_response");
        }
    }
}

async fn the_code_is_of_one_use_and_of_whoever_began(app: App) {
    let setup = Setup::with(&app, &[]).await;
    setup.idp.says(ada());
    let query = [("return_to", BACK), ("code_challenge", CHALLENGE)];
    let begun = Begun::of("idp", &setup.start("idp", &query, "").await);
    let code = landed(&setup.come_back(&begun).await, "code");
    let other = VERIFIER.replace('d', "e");
    for body in [json!({"code": code}), json!({"code": code, "code_verifier": other}), json!({"code": "hxo_AAAA"})] {
        setup.exchange(body).await.problem(400, "invalid_one_time_token");
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

/// Goes through the provider with a flow that links, in a browser of its own, and returns the code.
pub(crate) async fn linking_code(setup: &Setup, tokens: &Tokens) -> String {
    let path = "/api/v1/users/me/identities/idp/start";
    let started = setup.app.send_as(&tokens.access, Method::POST, path, json!({"return_to": BACK})).await;
    let url = started.json()["url"].as_str().unwrap().to_owned();
    let begun = Begun::of("idp", &setup.get(&url, "").await);
    setup.get(&url, "").await.problem(400, "invalid_one_time_token");
    landed(&setup.come_back(&begun).await, "code")
}

pub(crate) async fn link(setup: &Setup, tokens: &Tokens, code: &str) -> Answer {
    setup.app.send_as(&tokens.access, Method::POST, "/api/v1/users/me/identities", json!({"code": code})).await
}

async fn an_account_is_linked_in_the_session_that_began_and_to_one_user(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let (ada, bob) = (setup.app.sign_up("ada@example.com").await, setup.app.sign_up("bob@example.com").await);
    let elsewhere = setup.app.sign_in("ada@example.com").await;
    setup.idp.says(json!({"sub": "hers", "email": "elsewhere@example.com"}));
    let code = linking_code(&setup, &ada).await;
    for other in [&bob, &elsewhere] {
        link(&setup, other, &code).await.problem(400, "invalid_one_time_token");
    }
    setup.exchange(json!({"code": code})).await.problem(400, "invalid_one_time_token");
    let linked = link(&setup, &ada, &code).await;
    assert_eq!(linked.status, StatusCode::CREATED, "{linked:?}");
    let location = format!("/api/v1/users/me/identities/{}", linked.json()["id"].as_str().unwrap());
    assert_eq!(linked.header("location"), location);
    link(&setup, &ada, &code).await.problem(400, "invalid_one_time_token");
    let listed = setup.app.get("/api/v1/users/me/identities", &ada.access).await.json();
    assert_eq!((&listed[0], listed.as_array().unwrap().len()), (&linked.json(), 1));
    assert_eq!(setup.app.get("/api/v1/users/me/identities", &bob.access).await.json(), json!([]));
    // A provider's account is one user's.
    let code = linking_code(&setup, &bob).await;
    assert_eq!(link(&setup, &bob, &code).await.problem(409, "duplicate"), ["identity:duplicate"]);
    let signed_in = setup.sign_in(json!({"sub": "hers"})).await.tokens();
    assert_eq!(setup.app.id(&signed_in).await, setup.app.id(&ada).await);
    // A code of a sign-in links nothing.
    setup.idp.says(json!({"sub": "another"}));
    let code = landed(&setup.come_back(&setup.begin("idp").await).await, "code");
    link(&setup, &ada, &code).await.problem(400, "invalid_one_time_token");
    // A proof of long ago is not enough to begin.
    setup.app.run_sql("UPDATE refresh_tokens SET auth_time = '2020-01-01T00:00:00+00:00'").await;
    let path = "/api/v1/users/me/identities/idp/start";
    let begun = setup.app.send_as(&ada.access, Method::POST, path, json!({"return_to": BACK})).await;
    begun.problem(403, "step_up_required");
    let id = linked.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/users/me/identities/{id}");
    setup.app.delete(&path, &ada.access).await.problem(403, "step_up_required");
    let fresh = setup.app.sign_in("ada@example.com").await;
    setup.app.delete(&path, &bob.access).await.problem(403, "step_up_required");
    assert_eq!(setup.app.delete(&path, &fresh.access).await.status, StatusCode::NO_CONTENT);
    setup.app.refresh(&signed_in.refresh).await.problem(401, "invalid_refresh_token");
    assert_eq!(setup.app.refresh(&fresh.refresh).await.status, StatusCode::OK);
    setup.sign_in(json!({"sub": "hers", "email": null})).await.problem(403, "email_missing");
}

/// Whoever proves an address by mail owns the account: of what somebody else has set up before, nothing is left.
async fn a_stranger_leaves_no_way_in_behind_for_the_owner_of_an_address(app: App) {
    let setup = Setup::with(&app, &[("APP_MAIL__TRANSPORT", "log"), ("APP_AUTH__EMAIL_SIGN_IN", "true")]).await;
    for (email, purpose) in [("ada@example.com", Purpose::SignIn), ("bob@example.com", Purpose::ResetPassword)] {
        let mallory = setup.app.sign_up(email).await;
        setup.idp.says(json!({"sub": email, "email": "mallory@example.com", "email_verified": true}));
        let code = linking_code(&setup, &mallory).await;
        assert_eq!(link(&setup, &mallory, &code).await.status, StatusCode::CREATED);
        let mallory = Enrolled::with(&setup.app, email, &mallory).await;
        let mallory = Holder::with(&setup.app, &mallory.tokens, "Key").await;
        for table in ["identities", "totp_devices", "passkeys"] {
            assert_eq!(count(&setup.app, table).await, 1, "{table}");
        }
        if purpose == Purpose::SignIn {
            setup.app.post("/api/v1/auth/email-sign-in", json!({"email": email})).await;
            let token = last_token(&setup.app, purpose, email).await;
            setup.app.post("/api/v1/auth/email-sign-in/confirm", json!({"token": token})).await.tokens();
        } else {
            setup.app.post("/api/v1/auth/password-reset", json!({"email": email})).await;
            let body = json!({"token": last_token(&setup.app, purpose, email).await, "new_password": NEW_PASSWORD});
            let reset = setup.app.post("/api/v1/auth/password-reset/confirm", body).await;
            assert_eq!(reset.status, StatusCode::NO_CONTENT, "{reset:?}");
            setup.app.login(email, NEW_PASSWORD).await.tokens();
        }
        for table in ["identities", "totp_devices", "recovery_codes", "passkeys"] {
            assert_eq!(count(&setup.app, table).await, 0, "{table}");
        }
        setup.app.refresh(&mallory.tokens.refresh).await.problem(401, "invalid_refresh_token");
        setup.app.login(email, PASSWORD).await.problem(401, "invalid_credentials");
        let asked = setup.app.post("/api/v1/auth/passkeys/options", json!({})).await.json();
        let shown = presented(&asked, &mallory.passkey);
        setup.app.post("/api/v1/auth/passkeys", shown).await.problem(401, "invalid_passkey");
        // What is linked to nobody gets an account of its own.
        let another = setup.sign_in(json!({"sub": email, "email": format!("new-{email}")})).await.tokens();
        assert_eq!(setup.app.me(&another.access).await.json()["email"], format!("new-{email}"));
        setup.app.run_sql("DELETE FROM identities").await;
    }
}

async fn the_last_way_in_stays(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let tokens = setup.sign_in(ada()).await.tokens();
    setup.idp.says(json!({"sub": "second"}));
    let code = linking_code(&setup, &tokens).await;
    assert_eq!(link(&setup, &tokens, &code).await.status, StatusCode::CREATED);
    let listed = setup.app.get("/api/v1/users/me/identities", &tokens.access).await.json();
    let paths: Vec<_> = listed.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    let paths = paths.into_iter().map(|id| format!("/api/v1/users/me/identities/{id}")).collect::<Vec<_>>();
    // Of two at once, one is refused, whichever comes second.
    let (first, second) =
        futures_util::join!(setup.app.delete(&paths[0], &tokens.access), setup.app.delete(&paths[1], &tokens.access));
    let removed = [&first, &second].into_iter().filter(|answer| answer.status == StatusCode::NO_CONTENT).count();
    assert_eq!(removed, 1, "{first:?} {second:?}");
    let tokens = setup.app.refresh(&tokens.refresh).await.tokens();
    let left = setup.app.get("/api/v1/users/me/identities", &tokens.access).await.json();
    let path = format!("/api/v1/users/me/identities/{}", left[0]["id"].as_str().unwrap());
    setup.app.delete(&path, &tokens.access).await.problem(409, "last_way_in");
    assert_eq!(setup.app.get("/api/v1/users/me/identities", &tokens.access).await.json(), left);
}

/// No session claims a way in that is gone.
async fn a_session_ends_with_the_last_account_that_it_began_by(app: App) {
    let setup = Setup::with(&app, &[]).await;
    for (methods, left) in [("fed", None), ("pwd fed", Some(json!(["pwd"])))] {
        let email = format!("{}@example.com", methods.replace(' ', "-"));
        setup.app.register(&email).await;
        setup.app.run_sql("UPDATE users SET email_verified = true").await;
        let tokens = setup.sign_in(json!({"sub": email, "email": email, "email_verified": true})).await.tokens();
        setup.idp.says(json!({"sub": format!("{email} second")}));
        let code = linking_code(&setup, &tokens).await;
        assert_eq!(link(&setup, &tokens, &code).await.status, StatusCode::CREATED);
        proven(&setup.app, methods, TimeDelta::zero()).await;
        let listed = setup.app.get("/api/v1/users/me/identities", &tokens.access).await.json();
        let unlink = async |number: usize, tokens: &Tokens| {
            let path = format!("/api/v1/users/me/identities/{}", listed[number]["id"].as_str().unwrap());
            assert_eq!(setup.app.delete(&path, &tokens.access).await.status, StatusCode::NO_CONTENT);
            setup.app.refresh(&tokens.refresh).await
        };
        let tokens = unlink(0, &tokens).await.tokens();
        let after = unlink(1, &tokens).await;
        match left {
            Some(left) => assert_eq!(claims_of(&after.tokens())["amr"], left),
            None => drop(after.problem(401, "invalid_refresh_token")),
        }
        setup.app.sign_in(&email).await;
    }
}

/// D13: only what somebody could sign in with counts.
async fn what_is_configured_no_more_is_no_way_in(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let without_passkeys = app
        .another_node(&[
            ("APP_ENV", "production"),
            ("APP_SERVER__PUBLIC_URL", "https://auth.example.com"),
            ("APP_AUTH__RETURN_TO", BACK),
            ("APP_PROVIDERS__IDP__ISSUER", &setup.idp.url),
            ("APP_PROVIDERS__IDP__CLIENT_ID", CLIENT_ID),
        ])
        .await;
    let link_another = async |tokens: &Tokens, subject: &str| {
        setup.idp.says(json!({"sub": subject}));
        let linked = link(&setup, tokens, &linking_code(&setup, tokens).await).await;
        format!("/api/v1/users/me/identities/{}", linked.json()["id"].as_str().unwrap())
    };
    // An account at a provider that is gone. Who it is by is what counts, not how it was called.
    let ada = setup.app.sign_up("ada@example.com").await;
    let (here, gone) = (link_another(&ada, "here").await, link_another(&ada, "gone").await);
    setup.app.run_sql("DELETE FROM passwords").await;
    setup.app.run_sql("UPDATE identities SET issuer = 'https://gone.example.com' WHERE subject = 'gone'").await;
    setup.app.delete(&here, &ada.access).await.problem(409, "last_way_in");
    assert_eq!(setup.app.delete(&gone, &ada.access).await.status, StatusCode::NO_CONTENT);
    // A passkey, where they are off.
    let bob = setup.app.sign_up("bob@example.com").await;
    let account = link_another(&bob, "bob").await;
    let holder = Holder::with(&setup.app, &bob, "Phone").await;
    setup.app.run_sql("DELETE FROM passwords").await;
    without_passkeys.delete(&account, &holder.tokens.access).await.problem(409, "last_way_in");
    // And where there are no providers, it is the passkey that stays.
    app.delete(&holder.path, &holder.tokens.access).await.problem(409, "last_way_in");
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
