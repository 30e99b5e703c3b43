//! How a signed-in user links an account at a provider, and unlinks it.

use chrono::TimeDelta;
use domain::one_time_tokens::Purpose;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::issuer::CLIENT_ID;
use tests::on_each_database;
use tests::soft_passkey::{PRESENT, VERIFIED};

use super::{BACK, Setup, ada, claims_of, landed, link, linking_code};
use crate::app::{App, NEW_PASSWORD, PASSWORD, Tokens};
use crate::letterbox::{Post, count};
use crate::passkeys::{Holder, presented, sign_in};
use crate::registration::last_token;
use crate::second_factors::{Enrolled, STEP_UP, proven};

on_each_database!(
    an_account_is_linked_in_the_session_that_began_and_to_one_user,
    a_stranger_leaves_no_way_in_behind_for_the_owner_of_an_address,
    a_session_ends_with_the_last_account_that_it_began_by,
    the_last_way_in_stays,
    the_owner_is_told_which_provider_was_linked_and_unlinked,
    what_is_configured_no_more_is_no_way_in,
    a_link_takes_the_proof_that_is_asked_for_when_it_is_finished,
    a_passkey_that_never_verified_its_user_is_no_way_in,
);

async fn an_account_is_linked_in_the_session_that_began_and_to_one_user(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let (ada, bob) = (setup.app.sign_up("ada@example.com").await, setup.app.sign_up("bob@example.com").await);
    let elsewhere = setup.app.sign_in("ada@example.com").await;
    setup.idp.says(json!({"sub": "hers", "email": "elsewhere@example.com"}));
    let code = linking_code(&setup, &ada).await;
    for other in [&bob, &elsewhere] {
        let refused = link(&setup, other, &code).await;
        refused.problem(400, "invalid_one_time_token");
        assert!(refused.text.contains("The code of the provider is not valid"), "{refused:?}");
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

/// By what the operator calls it: nothing that a user typed is in a mail.
async fn the_owner_is_told_which_provider_was_linked_and_unlinked(first: App) {
    first.register("ada@example.com").await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::of(first).await;
    let title = [("APP_PROVIDERS__IDP__TITLE", "Our own")];
    let setup = Setup::with(&post.app, &[&post.to_files()[..], &title].concat()).await;
    let tokens = setup.app.sign_in("ada@example.com").await;
    setup.idp.says(json!({"sub": "hers", "email": "elsewhere@example.com"}));
    let linked = link(&setup, &tokens, &linking_code(&setup, &tokens).await).await;
    let told = post.wait_for("identity_linked", 1).await;
    assert!(told[0].text.contains("An account at Our own was connected"), "{}", told[0].text);
    assert_eq!(setup.app.delete(linked.header("location"), &tokens.access).await.status, StatusCode::NO_CONTENT);
    let told = post.wait_for("identity_unlinked", 1).await;
    assert!(told[0].text.contains("An account at Our own was disconnected"), "{}", told[0].text);
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

/// Also where a second factor was added since the flow began.
async fn a_link_takes_the_proof_that_is_asked_for_when_it_is_finished(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let ada = setup.app.sign_up("ada@example.com").await;
    setup.idp.says(json!({"sub": "hers"}));
    let code = linking_code(&setup, &ada).await;
    let ada = Enrolled::with(&setup.app, "ada@example.com", &ada).await;
    for (methods, ago) in [("pwd", TimeDelta::zero()), ("pwd otp mfa", TimeDelta::seconds(601))] {
        proven(&setup.app, methods, ago).await;
        let refused = link(&setup, &ada.tokens, &code).await;
        refused.problem(403, "step_up_required");
        assert_eq!(refused.json()["factors"], json!(["totp", "recovery_code"]), "{methods}");
    }
    assert_eq!(count(&setup.app, "identities").await, 0);
    // The code is good for whoever proves it.
    let proof = json!({"totp": ada.next_code(&setup.app).await});
    let stepped = setup.app.send_as(&ada.tokens.access, Method::POST, STEP_UP, proof).await;
    assert_eq!(stepped.status, StatusCode::NO_CONTENT, "{stepped:?}");
    assert_eq!(link(&setup, &ada.tokens, &code).await.status, StatusCode::CREATED);
}

/// D13: it is a second factor, and signs in by itself once its authenticator has found out who uses it.
async fn a_passkey_that_never_verified_its_user_is_no_way_in(app: App) {
    let setup = Setup::with(&app, &[]).await;
    let tokens = setup.sign_in(ada()).await.tokens();
    let mut key = Holder::with_flags(&setup.app, &tokens, PRESENT).await;
    sign_in(&setup.app, &key.passkey).await.problem(401, "invalid_passkey");
    let listed = setup.app.get("/api/v1/users/me/identities", &key.tokens.access).await.json();
    let path = format!("/api/v1/users/me/identities/{}", listed[0]["id"].as_str().unwrap());
    setup.app.delete(&path, &key.tokens.access).await.problem(409, "last_way_in");
    // As a second factor, it is nothing else.
    assert_eq!(key.step_up(&setup.app, &key.tokens).await.status, StatusCode::NO_CONTENT);
    setup.app.delete(&path, &key.tokens.access).await.problem(409, "last_way_in");
    // It gets a PIN.
    key.passkey.flags = PRESENT | VERIFIED;
    sign_in(&setup.app, &key.passkey).await.tokens();
    // And is asked for it by some and not by others.
    key.passkey.flags = PRESENT;
    assert_eq!(key.step_up(&setup.app, &key.tokens).await.status, StatusCode::NO_CONTENT);
    assert_eq!(setup.app.delete(&path, &key.tokens.access).await.status, StatusCode::NO_CONTENT);
    key.passkey.flags = PRESENT | VERIFIED;
    sign_in(&setup.app, &key.passkey).await.tokens();
}
