use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection for one request after another, at the least cost, since the server is to be measured.
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: &'a str,
}

impl Connection {
    /// To `host:port`.
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, answer: Vec::new() }
    }

    /// Sends JSON to a path under `/api/v1`.
    pub(crate) async fn post(&mut self, path: &str, json: &str) -> Answer<'_> {
        self.send("POST", path, None, json).await
    }

    /// The same with another method, and as the holder of an access token.
    pub(crate) async fn send(&mut self, method: &str, path: &str, token: Option<&str>, json: &str) -> Answer<'_> {
        let token = token.map(|token| format!("\r\nAuthorization: Bearer {token}")).unwrap_or_default();
        let head = format!("{method} /api/v1{path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json{token}");
        let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{json}", json.len());
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.answer.clear();
        while !is_whole(&self.answer) {
            let read = self.stream.read_buf(&mut self.answer).await.unwrap();
            assert_ne!(read, 0, "the server hung up");
        }
        let (head, body) = str::from_utf8(&self.answer).unwrap().split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body }
    }
}

/// The response is complete when the body is.
fn is_whole(answer: &[u8]) -> bool {
    let Some((head, body)) = str::from_utf8(answer).unwrap().split_once("\r\n\r\n") else { return false };
    let length: usize = part(&head.to_ascii_lowercase(), "content-length: ", '\r').parse().unwrap();
    body.len() >= length
}

/// What is between two things.
pub(crate) fn part<'a>(text: &'a str, begin: &str, end: char) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap();
    rest.split(end).next().unwrap()
}
