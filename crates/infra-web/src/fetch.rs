use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::http::uri::{PathAndQuery, Scheme};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{ClientConfig, Error as TlsError, RootCertStore};

/// Why there is no response.
#[derive(Debug, Error)]
pub(crate) enum FetchError {
    #[error("it took too long")]
    TimedOut,
    #[error("its discovery document is of another issuer")]
    AnotherIssuer,
    #[error("it names a URL that may not be asked: {0}")]
    Endpoint(Box<dyn std::error::Error + Send + Sync>),
    #[error("it has just failed")]
    JustFailed,
    #[error("the URL names no host")]
    NoHost,
    #[error("it cannot be reached: {0}")]
    Connect(#[from] io::Error),
    #[error("its name cannot be in a certificate: {0}")]
    Name(#[from] InvalidDnsNameError),
    #[error("it cannot be asked for: {0}")]
    Request(hyper::http::Error),
    #[error("it does not speak HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("the response has the status {0}")]
    Status(StatusCode),
    #[error("the response cannot be read, or is too large: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("the response is not JSON")]
    NotJson,
    #[error("the response is not what it should be: {0}")]
    Json(#[from] serde_json::Error),
}

/// Whether a URL leads to this machine: what is sent there, nobody reads on the way.
pub(crate) fn is_here(url: &Uri) -> bool {
    let Some(host) = url.host() else { return false };
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Sends single requests, each on a connection of its own.
pub(crate) struct Fetcher {
    tls: TlsConnector,
    timeout: Duration,
    max_bytes: usize,
}

impl Fetcher {
    /// With the certificate authorities that browsers trust.
    pub(crate) fn new(timeout: Duration, max_bytes: usize) -> Result<Self, TlsError> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self::trusting(roots, timeout, max_bytes)
    }

    fn trusting(roots: RootCertStore, timeout: Duration, max_bytes: usize) -> Result<Self, TlsError> {
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), timeout, max_bytes })
    }

    /// The response, if its status is 200.
    pub(crate) async fn fetch(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, FetchError> {
        let fetching = async {
            let uri = request.uri().clone();
            let host = uri.host().ok_or(FetchError::NoHost)?.trim_matches(['[', ']']).to_owned();
            let is_https = uri.scheme() == Some(&Scheme::HTTPS);
            let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            stream.set_nodelay(true)?;
            match is_https {
                true => self.exchange(self.tls.connect(ServerName::try_from(host)?, stream).await?, request).await,
                false => self.exchange(stream, request).await,
            }
        };
        tokio::time::timeout(self.timeout, fetching).await.unwrap_or(Err(FetchError::TimedOut))
    }

    /// What the JSON of the response says.
    pub(crate) async fn fetch_json<T: DeserializeOwned>(&self, request: Request<Full<Bytes>>) -> Result<T, FetchError> {
        let response = self.fetch(request).await?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json")) {
            return Err(FetchError::NotJson);
        }
        Ok(serde_json::from_slice(response.body())?)
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, FetchError> {
        let uri = request.uri().clone();
        if let Some(host) = uri.authority().and_then(|authority| authority.as_str().parse().ok()) {
            request.headers_mut().insert(HOST, host);
        }
        *request.uri_mut() = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")).into();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let exchanged = async {
            let response = sender.send_request(request).await?;
            if response.status() != StatusCode::OK {
                return Err(FetchError::Status(response.status()));
            }
            let (head, body) = response.into_parts();
            let body = Limited::new(body, self.max_bytes).collect().await;
            Ok(Response::from_parts(head, body.map_err(FetchError::Body)?.to_bytes()))
        };
        let result = exchanged.await;
        connection.abort();
        result
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use super::*;

    /// A certificate of `localhost` that vouches for itself.
    fn certificate(folder: &Path) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let arguments = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
                         -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out certificate.pem";
        let made = Command::new("openssl").current_dir(folder).args(arguments.split_whitespace()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem")).unwrap();
        (certificate, PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap())
    }

    /// A server with this certificate. Returns its port.
    async fn serve(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> u16 {
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let (acceptor, listener) =
            (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
            }
        });
        port
    }

    #[tokio::test]
    async fn a_server_is_spoken_to_only_if_its_certificate_is_good_for_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = certificate(folder.path());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let port = serve(certificate, key).await;
        let timeout = Duration::from_secs(20);
        let trusting = Fetcher::trusting(roots, timeout, 100).unwrap();
        let fetch = async |fetcher: &Fetcher, host: &str| {
            let request = Request::get(format!("https://{host}:{port}/")).body(Full::default()).unwrap();
            fetcher.fetch(request).await.map(Response::into_body)
        };
        assert_eq!(fetch(&trusting, "localhost").await.unwrap(), "hi");
        let wrong_name = fetch(&trusting, "127.0.0.1").await;
        assert!(matches!(&wrong_name, Err(FetchError::Connect(_))), "{wrong_name:?}");
        let unknown = fetch(&Fetcher::new(timeout, 100).unwrap(), "localhost").await;
        assert!(matches!(&unknown, Err(FetchError::Connect(_))), "{unknown:?}");
    }
}
