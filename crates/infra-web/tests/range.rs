//! The range protocol against a scripted service, which says whatever a service could say.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failed test, and clippy only knows those inside of #[test]"
)]

use std::time::{Duration, Instant};

use domain::passwords::{BreachedPasswords, Password};
use infra_web::RangeApi;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// SHA-1 of `password`.
const PREFIX: &str = "5BAA6";
const SUFFIX: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

/// A service that sends this to whoever asks first, and what it was asked.
async fn service(response: String) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/range", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        // Whoever asked may have left.
        let _ = stream.write_all(response.as_bytes()).await;
        if response.is_empty() {
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        String::from_utf8(request).unwrap()
    });
    (url, asked)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

async fn contains(url: &str) -> Result<bool, String> {
    let begin = Instant::now();
    let result = RangeApi::new(url).unwrap().contains(&Password::parse("password").unwrap()).await;
    assert!(begin.elapsed() < Duration::from_millis(1500), "{:?}", begin.elapsed());
    result.map_err(|error| error.0.to_string())
}

#[tokio::test]
async fn the_service_sees_five_digits_and_is_asked_for_padding() {
    let (url, asked) = service(ok(&format!("{SUFFIX}:10434004\r\n"))).await;
    assert_eq!(contains(&url).await, Ok(true));
    let asked = asked.await.unwrap().to_lowercase();
    assert!(asked.starts_with(&format!("get /range/{} http/1.1\r\n", PREFIX.to_lowercase())), "{asked}");
    assert!(asked.contains("\r\nadd-padding: true\r\n"), "{asked}");
    assert!(asked.contains("\r\nuser-agent: hexauth/"), "{asked}");
    assert!(asked.contains(&format!("\r\nhost: {}\r\n", &url["http://".len()..url.len() - "/range".len()])), "{asked}");
    assert!(!asked.contains(&SUFFIX[..5].to_lowercase()), "{asked}");
}

#[tokio::test]
async fn a_password_that_is_not_in_the_range_or_only_padding_is_not_found() {
    for body in [String::new(), format!("0{}:7\n", &SUFFIX[1..]), format!("{SUFFIX}:0\r\n")] {
        assert_eq!(contains(&service(ok(&body)).await.0).await, Ok(false), "{body}");
    }
}

#[tokio::test]
async fn a_response_in_chunks_is_read() {
    let body = format!("{SUFFIX}:2");
    let chunked =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    assert_eq!(contains(&service(chunked).await.0).await, Ok(true));
}

#[tokio::test]
async fn whatever_is_not_a_range_in_time_is_an_outage() {
    let elsewhere = service(ok(&format!("{SUFFIX}:1"))).await.0;
    let large = ok(&format!("{SUFFIX}:1\r\n").repeat(20_000));
    let endless = format!("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{SUFFIX}:1\r\n");
    for (response, why) in [
        (String::new(), "took too long"),
        ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_owned(), "500"),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(), "404"),
        ("HTTP/1.1 429 Slower\r\nContent-Length: 0\r\n\r\n".to_owned(), "429"),
        (format!("HTTP/1.1 301 Moved\r\nLocation: {elsewhere}/{PREFIX}\r\nContent-Length: 0\r\n\r\n"), "301"),
        (large, "too large"),
        (endless, "too large"),
        (ok("<html>Log in to the hotel's network</html>"), "not a range"),
        ("hello\r\n".to_owned(), "HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut".to_owned(), "cannot be read"),
    ] {
        let error = contains(&service(response).await.0).await.unwrap_err();
        assert!(error.contains(why), "{error} is not about {why}");
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_or_does_not_speak_tls_is_an_outage() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert!(contains(&format!("http://{address}")).await.unwrap_err().contains("cannot be reached"));
    let url = service(ok("")).await.0.replace("http://", "https://");
    assert!(contains(&url).await.is_err());
}
