use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// A line to a server that counts what clients send: each send gets its response before the next, so it is a round
/// trip.
pub(crate) struct Relay {
    port: u16,
    sends: Arc<AtomicUsize>,
}

impl Relay {
    /// To the server of a database.
    pub(crate) async fn to(url: &str) -> Self {
        let server = address_in(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self { port: listener.local_addr().unwrap().port(), sends: Arc::default() };
        let sends = Arc::clone(&relay.sends);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::spawn(carry(from_client, to_server, Arc::clone(&sends)));
                tokio::spawn(carry(from_server, to_client, Arc::default()));
            }
        });
        relay
    }

    /// The URL of the database through this.
    pub(crate) fn url_of(&self, url: &str) -> String {
        url.replace(address_in(url), &format!("127.0.0.1:{}", self.port))
    }

    pub(crate) fn sends(&self) -> usize {
        self.sends.load(Ordering::Relaxed)
    }
}

/// `host:port` in a URL such as `postgres://postgres@host:port/postgres`.
fn address_in(url: &str) -> &str {
    url.split(['@', '/']).nth(3).unwrap()
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, count: Arc<AtomicUsize>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        count.fetch_add(1, Ordering::Relaxed);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
