use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::client::{Client, PASSWORD, status};
use tests::on_each_database;
use tests::process::Workplace;

use crate::nodes::Nodes;

on_each_database!(two_admins_on_two_nodes_cannot_remove_each_other);

const ROUNDS: usize = 20;

/// An admin, and the node that they ask.
struct Admin<'a> {
    client: &'a Client,
    email: String,
    token: String,
    path: String,
}

impl<'a> Admin<'a> {
    async fn sign_in(client: &'a Client, email: String) -> Self {
        let token = client.sign_in(&email).await.access;
        let me: Value = client.me(&token).await.json().await.unwrap();
        Self { client, email, token, path: format!("/users/{}", me["id"].as_str().unwrap()) }
    }

    async fn create_admin(&self, email: &str) {
        let body = json!({"email": email, "password": PASSWORD, "role": "admin"});
        let answer = self.client.send(Method::POST, "/users", Some(&self.token), Some(body)).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
    }

    /// In one of the three ways.
    async fn remove(&self, other: &Self, way: usize) -> StatusCode {
        let (method, body) = match way % 3 {
            0 => (Method::PATCH, Some(json!({"role": "user"}))),
            1 => (Method::PATCH, Some(json!({"is_active": false}))),
            _ => (Method::DELETE, None),
        };
        status(self.client.send(method, &other.path, Some(&self.token), body).await).await
    }

    async fn count_active(&self) -> u64 {
        let path = "/users?role=admin&is_active=true&count=true";
        let answer = self.client.send(Method::GET, path, Some(&self.token), None).await;
        answer.json::<Value>().await.unwrap()["total"].as_u64().unwrap()
    }
}

async fn two_admins_on_two_nodes_cannot_remove_each_other(workplace: Workplace) {
    let nodes = Nodes::start(workplace, 2).await;
    let mut survivor = "admin@example.com".to_owned();
    nodes.create_admin(&survivor);
    for round in 0..ROUNDS {
        let one = Admin::sign_in(nodes.client(0), survivor).await;
        let other = format!("admin{round}@example.com");
        one.create_admin(&other).await;
        let two = Admin::sign_in(nodes.client(1), other).await;

        let results = tokio::join!(one.remove(&two, round), two.remove(&one, round + round / 3));
        let done = [results.0, results.1].map(|status| status.is_success());
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "round {round}: {results:?}");
        assert!(!results.0.is_server_error() && !results.1.is_server_error(), "round {round}: {results:?}");
        survivor = if done[0] { one.email } else { two.email };
        let left = Admin::sign_in(nodes.client(round), survivor.clone()).await;
        assert_eq!(left.count_active().await, 1);
    }
    nodes.assert_no_fault_was_logged();
}
