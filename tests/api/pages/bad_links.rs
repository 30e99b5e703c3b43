//! Links, forms and settings by which no page does anything, and what a page gives away.

use reqwest::{Method, StatusCode};
use tests::OnDatabase;

use super::{RESET, click, mailed, open, reset};
use crate::app::{App, NEW_PASSWORD as NEW, send};

/// A request is counted by its route.
#[tokio::test(flavor = "multi_thread")]
async fn no_token_of_a_link_is_in_metrics() {
    let (post, mail) = mailed(App::sqlite().await, &[("APP_METRICS__ADDR", "127.0.0.1:0")]).await;
    open(&post.app, RESET, &mail.token, "en").await;
    open(&post.app, "/account/nothing", &mail.token, "en").await;
    reset(&post.app, &mail, NEW).await;
    let metrics = send(post.app.client.get(post.app.metrics_url.as_deref().unwrap())).await.text;
    assert!(metrics.contains(RESET) && !metrics.contains(&mail.token), "{metrics}");
}

/// Keep purposes apart: the token of one page is worth nothing on another, and good on its own afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_on_its_own_page_only() {
    let (post, mail) = mailed(App::sqlite().await, &[]).await;
    for page in ["verify-email", "confirm-email", "stop-email-change", "accept-invitation"] {
        let path = &format!("/account/{page}");
        let answer = click(&post.app, path, &[("token", &mail.token), ("new_password", NEW)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    }
    assert_eq!(reset(&post.app, &mail, NEW).await.status, StatusCode::OK);
}

async fn with_pages(settings: &[(&str, &str)]) -> App {
    let folder = tempfile::tempdir().unwrap().keep();
    let to_files = [("APP_MAIL__TRANSPORT", "file"), ("APP_MAIL__FOLDER", folder.to_str().unwrap())];
    App::sqlite_with(&[&to_files, settings].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_no_good_opens_the_form_and_is_found_out_by_the_click() {
    let app = with_pages(&[]).await;
    for query in ["", "?token=", "?token=hxp_nonsense", "?other=1&token=%ff%00%22%3e<script>", "?token=a&token=b", "?%"]
    {
        let answer = send(app.request(Method::GET, &format!("{RESET}{query}"))).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        assert!(answer.text.contains("<form") && !answer.text.contains("<script"), "{}", answer.text);
    }
    let long = "a".repeat(129);
    let answer = open(&app, RESET, &long, "en").await;
    assert_eq!((answer.status, answer.text.contains(&long)), (StatusCode::OK, false));
    for token in ["", "hxp_nonsense", "\"><script>", &long] {
        let answer = click(&app, RESET, &[("token", token), ("new_password", NEW)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{token}");
        assert!(answer.text.contains("role=\"alert\"") && !answer.text.contains("<form"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_read_is_refused_by_a_page() {
    let app = with_pages(&[]).await;
    let form = "application/x-www-form-urlencoded";
    for (media_type, body, status) in [
        (form, format!("token={}", "a".repeat(64 * 1024)), StatusCode::PAYLOAD_TOO_LARGE),
        (form, "token=%ff".to_owned(), StatusCode::BAD_REQUEST),
        (form, "token=a&token=b".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        ("application/json", "{}".to_owned(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let answer = send(app.request(Method::POST, RESET).header("content-type", media_type).body(body)).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "text/html; charset=utf-8"));
        assert!(answer.text.contains("role=\"alert\"") && !answer.text.contains("<form"), "{}", answer.text);
    }
}

/// A page whose mails lead elsewhere is off, and only that one.
#[tokio::test(flavor = "multi_thread")]
async fn where_links_lead_elsewhere_there_is_no_page() {
    let elsewhere = [("APP_MAIL__LINKS__RESET", "https://app.example.com/reset#token={token}")];
    let another = [("APP_MAIL__LINKS__STOP", "https://app.example.com/stop#token={token}")];
    let cases: [(&[(&str, &str)], _); 3] =
        [(&elsewhere, StatusCode::NOT_FOUND), (&another, StatusCode::OK), (&[], StatusCode::OK)];
    for (settings, status) in cases {
        let app = with_pages(settings).await;
        assert_eq!(open(&app, RESET, "hxp_AAAA", "en").await.status, status);
    }
    let without_mail = App::sqlite_with(&[]).await;
    assert_eq!(open(&without_mail, RESET, "hxp_AAAA", "en").await.status, StatusCode::NOT_FOUND);
    assert_eq!(click(&without_mail, RESET, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_loads_its_style_and_nothing_else() {
    let app = with_pages(&[]).await;
    let page = open(&app, RESET, "", "en").await;
    assert_eq!(page.text.matches("href=").count() + page.text.matches("src=").count(), 1);
    // Relative, so that it is found where a proxy takes something off the path.
    assert!(page.text.contains("href=\"style.css\"") && page.text.contains("action=\"reset-password\""));
    let style = send(app.request(Method::GET, "/account/style.css")).await;
    assert_eq!((style.status, style.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(!style.text.contains("url(") && !style.text.contains("@import"));
}
