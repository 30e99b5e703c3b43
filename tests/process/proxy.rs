use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Stands between a node and PostgreSQL, and can cut the line.
pub(crate) struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
}

/// What the line does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// It carries.
    Open,
    /// The server is gone: connections end, and others are closed at once.
    Cut,
    /// The network is gone: nothing comes through, and nobody says so.
    Silent,
}

impl Proxy {
    /// To this server, `host:port`.
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let line = watch::Sender::new(Line::Open);
        let state = line.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), state.clone()));
            }
        });
        Self { address, line }
    }

    /// The URL through the proxy of a database of the server.
    pub(crate) fn url_of(&self, url: &str) -> String {
        let mut url = reqwest::Url::parse(url).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    pub(crate) fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

/// `host:port` in the URL of a database.
pub(crate) fn server_of(url: &str) -> String {
    let url = reqwest::Url::parse(url).unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432))
}

async fn carry(mut client: TcpStream, server: String, mut line: watch::Receiver<Line>) {
    let mut server = TcpStream::connect(server).await.unwrap();
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
