use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

use super::EXPORT_TIMEOUT;

/// Sends to the collector, one connection for each batch. It is so little HTTP that no client library is needed. The
/// thread that calls it does nothing else, so it may block.
#[derive(Debug, Default)]
pub(super) struct Collector {
    /// Whether sending has failed, and has not worked since.
    is_away: AtomicBool,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let result = send(&request).and_then(|status| match status {
            200..=299 => Ok(status),
            status => Err(io::Error::other(format!("it answered {status}"))),
        });
        let was_away = self.is_away.swap(result.is_err(), Ordering::Relaxed);
        match &result {
            Ok(_) if was_away => tracing::info!("traces are sent again"),
            Err(error) if !was_away => {
                tracing::warn!(%error, collector = %request.uri(), "traces cannot be sent, and some will be lost");
            }
            _ => {}
        }
        Ok(Response::builder().status(result?).body(Bytes::new())?)
    }
}

/// Returns the status.
fn send(request: &Request<Bytes>) -> io::Result<u16> {
    let uri = request.uri();
    let host = uri.host().ok_or(io::ErrorKind::InvalidInput)?;
    let port = uri.port_u16().unwrap_or(80);
    let mut stream = connect(host.trim_matches(['[', ']']), port)?;
    stream.set_read_timeout(Some(EXPORT_TIMEOUT))?;
    stream.set_write_timeout(Some(EXPORT_TIMEOUT))?;
    let mut head = format!("POST {} HTTP/1.1\r\nHost: {host}:{port}\r\n", uri.path()).into_bytes();
    for (name, value) in request.headers() {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(format!("Content-Length: {}\r\nConnection: close\r\n\r\n", request.body().len()).into_bytes());
    stream.write_all(&head)?;
    stream.write_all(request.body())?;
    // "HTTP/1.1 200"
    let mut start = [0; 12];
    stream.read_exact(&mut start)?;
    let status = std::str::from_utf8(&start[9..]).ok().and_then(|digits| digits.parse().ok());
    status.ok_or_else(|| io::Error::other("it does not speak HTTP"))
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failure = io::Error::other("its name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, EXPORT_TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
