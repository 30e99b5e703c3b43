use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Refreshes a session again and again on one connection, at the least cost: the server is to be measured.
pub(crate) struct Chain {
    stream: TcpStream,
    refresh_token: String,
    answer: Vec<u8>,
}

impl Chain {
    /// To `host:port`.
    pub(crate) async fn begin(address: &str, refresh_token: String) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, refresh_token, answer: Vec::new() }
    }

    pub(crate) async fn refresh(&mut self) {
        let body = format!(r#"{{"refresh_token":"{}"}}"#, self.refresh_token);
        let head = "POST /api/v1/auth/refresh HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json";
        let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let answer = self.read_answer().await;
        self.refresh_token = part(&answer, "\"refresh_token\":\"", '"').to_owned();
    }

    /// All of it is there when the body is.
    async fn read_answer(&mut self) -> String {
        self.answer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.answer).await.unwrap();
            assert_ne!(read, 0, "the server hung up");
            let text = str::from_utf8(&self.answer).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
            let length: usize = part(&head.to_ascii_lowercase(), "content-length: ", '\r').parse().unwrap();
            if body.len() >= length {
                return body.to_owned();
            }
        }
    }
}

/// What is between two things.
fn part<'a>(text: &'a str, begin: &str, end: char) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap();
    rest.split(end).next().unwrap()
}
