use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::client::{Client, EMAIL, PASSWORD};
use tests::on_each_database;
use tests::process::{Node, Workplace, example};

on_each_database!(
    notes_are_guarded_and_belong_to_their_user,
    a_session_that_ended_is_refused_at_once_on_notes_too,
    errors_of_notes_have_the_form_of_all_errors,
    deleting_a_user_deletes_their_notes,
    both_schemas_are_kept_and_two_may_start_at_once,
);

async fn serve(workplace: &Workplace) -> (Node, Client) {
    let node = workplace.start_program(example("embed"), &[]);
    node.wait_until_ready().await;
    let client = Client::of(&node);
    (node, client)
}

async fn add(client: &Client, token: &str, text: &str) -> Value {
    let answer = client.send(Method::POST, "/notes", Some(token), Some(json!({"text": text}))).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json().await.unwrap()
}

async fn list(client: &Client, token: &str) -> Vec<Value> {
    let answer = client.send(Method::GET, "/notes", Some(token), None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

async fn notes_are_guarded_and_belong_to_their_user(workplace: Workplace) {
    let (node, client) = serve(&workplace).await;
    assert_eq!(client.send(Method::GET, "/notes", None, None).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(client.send(Method::GET, "/notes", Some("nonsense"), None).await.status(), StatusCode::UNAUTHORIZED);

    let ada = client.sign_up(EMAIL).await.access;
    let eve = client.sign_up("eve@example.com").await.access;
    add(&client, &ada, "first").await;
    let note = add(&client, &ada, "second").await;
    let listed = list(&client, &ada).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0], note, "the newest comes first");
    assert_eq!(list(&client, &eve).await, Vec::<Value>::new());

    let path = format!("/notes/{}", note["id"].as_str().unwrap());
    let by_eve = client.send(Method::DELETE, &path, Some(&eve), None).await;
    assert_eq!(by_eve.status(), StatusCode::NOT_FOUND);
    let by_ada = client.send(Method::DELETE, &path, Some(&ada), None).await;
    assert_eq!(by_ada.status(), StatusCode::NO_CONTENT);
    assert_eq!(list(&client, &ada).await.len(), 1);

    let document: Value = client.get("/openapi.json").await.json().await.unwrap();
    assert!(document["paths"]["/api/v1/auth/login"].is_object());
    assert_eq!(client.get("/.well-known/jwks.json").await.status(), StatusCode::OK);
    node.stop().success();
}

async fn a_session_that_ended_is_refused_at_once_on_notes_too(workplace: Workplace) {
    let (_node, client) = serve(&workplace).await;
    let token = client.sign_up(EMAIL).await.access;
    add(&client, &token, "mine").await;
    assert_eq!(client.logout(&token).await, StatusCode::NO_CONTENT);
    assert_eq!(client.send(Method::GET, "/notes", Some(&token), None).await.status(), StatusCode::UNAUTHORIZED);
    let again = client.sign_in(EMAIL).await.access;
    assert_eq!(list(&client, &again).await.len(), 1);
}

async fn errors_of_notes_have_the_form_of_all_errors(workplace: Workplace) {
    let (_node, client) = serve(&workplace).await;
    let token = client.sign_up(EMAIL).await.access;
    let long = "x".repeat(1001);
    let cases = [
        (Method::POST, "/notes", Some(json!({"text": long})), 422, "validation_failed"),
        (Method::POST, "/notes", Some(json!({"text": 1, "colour": "red"})), 422, "validation_failed"),
        (Method::POST, "/notes", None, 415, "unsupported_media_type"),
        (Method::DELETE, "/notes/7", None, 404, "not_found"),
        (Method::PUT, "/notes", None, 405, "method_not_allowed"),
        (Method::GET, "/nothing", None, 404, "not_found"),
    ];
    for (method, path, body, status, code) in cases {
        let answer = client.send(method, path, Some(&token), body).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let problem: Value = answer.json().await.unwrap();
        assert_eq!((problem["code"].as_str(), problem["request_id"].as_str()), (Some(code), Some(id.as_str())));
    }
    for number in 0..100 {
        add(&client, &token, &number.to_string()).await;
    }
    let answer = client.send(Method::POST, "/notes", Some(&token), Some(json!({"text": "one more"}))).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "too_many_notes");
}

async fn deleting_a_user_deletes_their_notes(workplace: Workplace) {
    let (_node, client) = serve(&workplace).await;
    let token = client.sign_up(EMAIL).await.access;
    add(&client, &token, "mine").await;
    let proof = json!({"current_password": PASSWORD});
    let deleted = client.send(Method::DELETE, "/users/me", Some(&token), Some(proof)).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    let answer = client.send(Method::POST, "/notes", Some(&token), Some(json!({"text": "late"}))).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

async fn both_schemas_are_kept_and_two_may_start_at_once(workplace: Workplace) {
    let program = example("embed");
    let nodes = [workplace.start_program(program, &[]), workplace.start_program(program, &[])];
    for node in &nodes {
        node.wait_until_ready().await;
    }
    let [first, second] = nodes;
    let token = Client::of(&first).sign_up(EMAIL).await.access;
    add(&Client::of(&first), &token, "kept").await;
    assert_eq!(list(&Client::of(&second), &token).await.len(), 1);
    first.stop().success();
    second.stop().success();

    // What is not ours does not disturb Hexauth itself, and the other way round.
    let status = workplace.run(&["migrate", "status"]).success();
    assert!(status.lines().all(|line| line.starts_with("applied ")), "{status}");
    let plain = workplace.serve().await;
    assert_eq!(Client::of(&plain).login(EMAIL, PASSWORD).await.status(), StatusCode::OK);
    plain.stop().success();
    let (_node, client) = serve(&workplace).await;
    let token = client.sign_in(EMAIL).await.access;
    assert_eq!(list(&client, &token).await.len(), 1);
}
