use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Failure, failure, say};
use crate::config::Config;

/// Longest wait for the response.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks `/health/ready`. One request with a fixed text, so it needs no HTTP client.
pub(super) async fn run(config: &Config) -> Result<(), Failure> {
    let address = SocketAddr::new(reachable(config.server.host), config.server.port);
    let answer = tokio::time::timeout(TIMEOUT, ask(address)).await;
    let answer = answer.map_err(|_| failure(format!("{address} does not answer")))?;
    let status = answer.map_err(|error| failure(format!("{address} cannot be asked: {error}")))?;
    if status == "200" { say("ready") } else { Err(failure(format!("{address} is not ready: status {status}"))) }
}

/// A server that listens on all addresses is asked on the loopback.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: hexauth\r\nConnection: close\r\n\r\n").await?;
    // "HTTP/1.1 200"
    let mut line = [0; 12];
    stream.read_exact(&mut line).await?;
    Ok(String::from_utf8_lossy(&line[9..]).into_owned())
}
