use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::client::{EMAIL, PASSWORD};
use tests::on_each_database;
use tests::process::Workplace;
use tests::token_corpus::forgeries;

use crate::nodes::Nodes;

on_each_database!(a_token_of_a_deleted_user_is_refused_though_the_email_is_registered_again);

/// A header this long need not be read.
const OVERSIZE: usize = 16 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn every_forgery_is_refused_whatever_the_algorithm() {
    for algorithm in ["EdDSA", "ES256", "RS256", "HS256"] {
        let workplace = Workplace::default().with("APP_JWT__ALGORITHM", algorithm);
        assert_forgeries_are_refused(&Nodes::start(workplace, 1).await).await;
    }
}

async fn assert_forgeries_are_refused(nodes: &Nodes) {
    let client = nodes.client(0);
    let token = client.sign_up(EMAIL).await.access;
    let keys = client.get("/.well-known/jwks.json").await.text().await.unwrap();
    let forgeries = forgeries(&token, &keys);
    assert!(forgeries.len() > 500, "{}", forgeries.len());
    for (name, forgery) in &forgeries {
        match client.verify(forgery).await {
            StatusCode::UNAUTHORIZED => {}
            other => assert!(other.is_client_error() && forgery.len() > OVERSIZE, "{other} for {name}"),
        }
    }
    assert_eq!(client.verify(&token).await, StatusCode::OK);
    nodes.assert_no_fault_was_logged();
}

async fn a_token_of_a_deleted_user_is_refused_though_the_email_is_registered_again(workplace: Workplace) {
    let nodes = Nodes::start(workplace, 1).await;
    let client = nodes.client(0);
    let token = client.sign_up(EMAIL).await.access;
    let proof = json!({"current_password": PASSWORD});
    let deleted = client.send(Method::DELETE, "/users/me", Some(&token), Some(proof)).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    let new = client.sign_up(EMAIL).await.access;
    assert_eq!(client.verify(&token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(client.verify(&new).await, StatusCode::OK);
}
