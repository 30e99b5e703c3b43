//! How a user sets up authenticator apps.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::{on_each_database, totp};

use super::{EMAIL, Enrolled, FACTORS, TOTP, codes, confirm};
use crate::app::App;
use crate::letterbox::count;

on_each_database!(an_app_is_a_factor_once_it_is_confirmed, names_and_numbers_of_apps_are_bounded);

async fn an_app_is_a_factor_once_it_is_confirmed(app: App) {
    let tokens = app.sign_up(EMAIL).await;
    assert_eq!(
        app.get(FACTORS, &tokens.access).await.json(),
        json!({"totp": [], "passkeys": [], "recovery_codes_left": 0, "required": false, "due_at": null})
    );
    let made = app.send_as(&tokens.access, Method::POST, TOTP, json!({"name": " Phone "})).await;
    assert_eq!((made.status, &made.json()["name"]), (StatusCode::CREATED, &json!("Phone")));
    let (device, made) = (made.header("location").to_owned(), made.json());
    let secret = made["secret"].as_str().unwrap();
    let uri = made["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret) && uri.contains("ada%40example.com"), "{uri}");
    let svg = made["qr_svg"].as_str().unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>") && !svg.contains(secret), "{svg}");
    // Until then it locks nobody out, and is not among the factors.
    app.sign_in(EMAIL).await;
    assert_eq!(app.get(FACTORS, &tokens.access).await.json()["totp"], json!([]));
    confirm(&app, &tokens.access, &device, &totp::wrong_code(secret)).await.problem(403, "wrong_proof");
    let confirmed = confirm(&app, &tokens.access, &device, &totp::code(secret)).await;
    let recovery = codes(&confirmed);
    assert_eq!(recovery.iter().collect::<BTreeSet<_>>().len(), 10, "{confirmed:?}");
    assert!(recovery.iter().all(|code| code.len() == 11 && code.as_bytes()[5] == b'-'), "{recovery:?}");
    // What was signed before says less than is so now.
    app.get(FACTORS, &tokens.access).await.problem(401, "invalid_token");
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    let listed = app.get(FACTORS, &tokens.access).await;
    assert_eq!(
        (&listed.json()["totp"][0]["name"], &listed.json()["recovery_codes_left"]),
        (&json!("Phone"), &json!(10))
    );
    assert!(!listed.text.contains(secret));
    confirm(&app, &tokens.access, &device, &totp::code(secret)).await.problem(404, "not_found");
    // Codes come with the first one alone.
    let second = Enrolled::with(&app, EMAIL, &{
        app.run_sql("UPDATE totp_devices SET name = 'Tablet', name_key = 'tablet'").await;
        tokens
    })
    .await;
    assert!(second.recovery_codes.is_empty());
    let other = app.sign_up("eve@example.com").await;
    app.delete(&device, &other.access).await.problem(404, "not_found");
    confirm(&app, &other.access, &device, "123456").await.problem(404, "not_found");
}

async fn names_and_numbers_of_apps_are_bounded(app: App) {
    let mut ada = Enrolled::new(&app, EMAIL).await;
    for name in ["", " ", "a\nb", &"a".repeat(65)] {
        let refused = app.send_as(&ada.tokens.access, Method::POST, TOTP, json!({"name": name})).await;
        assert_eq!(refused.problem(422, "validation_failed").len(), 1, "{name:?}");
    }
    let again = app.send_as(&ada.tokens.access, Method::POST, TOTP, json!({"name": "PHONE"})).await;
    assert_eq!(again.problem(409, "duplicate"), ["name:duplicate"]);
    for number in 2..=5 {
        app.run_sql(&format!("UPDATE totp_devices SET name_key = '{number}' WHERE name_key = 'phone'")).await;
        ada = Enrolled::with(&app, EMAIL, &ada.tokens).await;
    }
    let sixth = app.send_as(&ada.tokens.access, Method::POST, TOTP, json!({"name": "Sixth"})).await;
    sixth.problem(409, "too_many_factors");
    // One that was not confirmed makes room for the next.
    assert_eq!(app.delete(&ada.device, &ada.tokens.access).await.status, StatusCode::NO_CONTENT);
    let access = app.refresh(&ada.tokens.refresh).await.tokens().access;
    for name in ["Another", "Another", "Yet another"] {
        let made = app.send_as(&access, Method::POST, TOTP, json!({"name": name})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        assert_eq!(count(&app, "totp_devices").await, 5);
        if name == "Yet another" {
            // It was no factor: nothing ends with it.
            assert_eq!(app.delete(made.header("location"), &access).await.status, StatusCode::NO_CONTENT);
            assert_eq!(app.get(FACTORS, &access).await.json()["totp"].as_array().unwrap().len(), 4);
        }
    }
}
