//! Whoever has others mailed, or guesses what they were mailed, does not get further by more networks, nodes or flows.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{App, send};
use crate::letterbox::{CONFIRM, Post};

on_each_database!(
    sixty_requests_from_sixty_networks_over_two_nodes_are_three_mails,
    no_number_of_flows_and_mails_has_more_than_five_codes_tried,
);

async fn sixty_requests_from_sixty_networks_over_two_nodes_are_three_mails(first: App) {
    let settings = [("APP_MAIL__TRANSPORT", "log"), ("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let nodes = [first.another_node(&settings).await, first.another_node(&settings).await];
    let root = first.admin("root@example.com").await;
    for email in ["ada@example.com", "eve@example.com"] {
        first.register(email).await;
    }
    let ask = |email: &'static str, number: usize| {
        let request = nodes[number % 2].request(Method::POST, "/api/v1/auth/password-reset");
        send(request.header("X-Forwarded-For", format!("198.51.{number}.1")).json(&json!({"email": email})))
    };
    let answers = join_all((0..60).map(|number| ask("ada@example.com", number))).await;
    let expected = &answers[0];
    assert_eq!(expected.status, StatusCode::ACCEPTED);
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (expected.status, &expected.text));
    }
    // What one address used up is nobody else's.
    ask("eve@example.com", 0).await;
    let outbox = first.get("/api/v1/outbox?limit=100", &root.access).await.json();
    let mails = |to: &str| outbox["items"].as_array().unwrap().iter().filter(|mail| mail["to"] == to).count();
    assert_eq!((mails("ada@example.com"), mails("eve@example.com")), (3, 1), "{outbox}");
}

async fn no_number_of_flows_and_mails_has_more_than_five_codes_tried(first: App) {
    let post = Post::of(first).await;
    let (app, other) = (&post.app, post.app.another_node(&[]).await);
    let root = app.admin("root@example.com").await;
    app.register("ada@example.com").await;
    let tokens = app.sign_in("ada@example.com").await;
    let attempts = format!("/api/v1/users/{}/attempts", app.id(&tokens).await);
    let mut mails = Vec::new();
    let guess = |number: usize| {
        let code = format!("2222-{:04}", 2222 + number % 7000).replace(['0', '1'], "Z");
        let body = json!({"email": "ada@example.com", "code": code, "new_password": "another good password"});
        let node = [app, &other][number % 2];
        async move { node.post(CONFIRM, body).await }
    };
    let mut answers = Vec::new();
    for flow in 0..20 {
        // Beyond three there is no mail, and the same answer.
        if flow < 3 {
            mails.push(post.mailed().await);
        } else {
            app.post("/api/v1/auth/password-reset", json!({"email": "ada@example.com"})).await;
        }
        answers.extend(join_all((0..5).map(|number| guess(flow * 5 + number))).await);
    }
    answers.extend(join_all((0..200).map(guess)).await);
    for answer in &answers {
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_one_time_token"))
        );
    }
    let counted = app.get(&attempts, &root.access).await.json();
    let tried: Vec<&Value> = counted.as_array().unwrap().iter().filter(|one| one["kind"] == "mailed_code").collect();
    assert_eq!((tried.len(), &tried[0]["count"]), (1, &json!(5)), "{counted}");
    // The right code comes too late, and the link of the same mail goes on.
    let last = mails.last().unwrap();
    let right = json!({"email": "ada@example.com", "code": last.code, "new_password": "another good password"});
    app.post(CONFIRM, right).await.problem(400, "invalid_one_time_token");
    let link = json!({"token": last.token, "new_password": "another good password"});
    assert_eq!(app.post(CONFIRM, link).await.status, StatusCode::NO_CONTENT);
}
