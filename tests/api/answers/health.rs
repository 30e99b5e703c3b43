//! Whether the server lives and is ready.

use reqwest::Method;
use tests::OnDatabase;

use super::exchange;
use crate::app::App;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_lives() {
    let app = App::sqlite().await;
    let request = app.request(Method::GET, "/health/live");
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /health/live

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "status": "ok"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_ready() {
    let app = App::sqlite().await;
    let request = app.request(Method::GET, "/health/ready");
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /health/ready

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "status": "ok"
    }
    "#);
}
