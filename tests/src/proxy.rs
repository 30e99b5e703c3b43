//! Stands between a node and PostgreSQL, and can cut the line or lead elsewhere.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A line to a server, at an address of its own.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    /// `host:port`.
    server: Arc<Mutex<String>>,
    line: watch::Sender<Line>,
}

/// What the line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It carries.
    Open,
    /// The server is gone: connections end, and others are closed at once.
    Cut,
    /// The network is gone: nothing comes through, and nobody says so.
    Silent,
}

impl Proxy {
    /// To the server of this database.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Arc::new(Mutex::new(server_of(url)));
        let line = watch::Sender::new(Line::Open);
        let (leads_to, state) = (Arc::clone(&server), line.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = leads_to.lock().unwrap().clone();
                tokio::spawn(carry(client, server, state.clone()));
            }
        });
        Self { address, server, line }
    }

    /// The URL through the proxy of a database of the server.
    pub fn url_of(&self, url: &str) -> String {
        let mut url = reqwest::Url::parse(url).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// Opens, cuts or silences the line.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// Leads new connections to the server of this database.
    pub fn lead_to(&self, url: &str) {
        *self.server.lock().unwrap() = server_of(url);
    }
}

/// `host:port` in the URL of a database.
fn server_of(url: &str) -> String {
    let url = reqwest::Url::parse(url).unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432))
}

async fn carry(mut client: TcpStream, server: String, mut line: watch::Receiver<Line>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    loop {
        let state = *line.borrow_and_update();
        tokio::select! {
            biased;
            changed = line.changed() => if changed.is_err() { return },
            // The end of either side ends both.
            _ = copy_bidirectional(&mut client, &mut server), if state == Line::Open => return,
            _ = std::future::ready(()), if state == Line::Cut => return,
        }
    }
}
