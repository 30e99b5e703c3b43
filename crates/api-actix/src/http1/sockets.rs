use std::net::TcpListener;

/// Bytes that the system may hold of a connection in each direction; Linux doubles it for its own use. By default it
/// would hold megabytes of a response that nobody reads, past every limit of ours.
#[cfg(unix)]
const SOCKET_BUFFER: usize = 128 * 1024;

/// Bounds what the system holds of the connections that are accepted here, and for how long when their client takes
/// nothing, also after they were closed. What cannot be set stays as it is.
#[cfg(unix)]
pub(super) fn bound(listener: &TcpListener) {
    use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};

    let buffers = set_socket_send_buffer_size(listener, SOCKET_BUFFER)
        .and_then(|()| set_socket_recv_buffer_size(listener, SOCKET_BUFFER))
        .and_then(|()| set_timeout(listener));
    if let Err(error) = buffers {
        tracing::debug!(%error, "the buffers of connections cannot be bounded");
    }
}

/// RFC 5482. Accepted connections inherit it.
#[cfg(target_os = "linux")]
fn set_timeout(listener: &TcpListener) -> rustix::io::Result<()> {
    let milliseconds = u32::try_from(super::connection::WRITE_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
    rustix::net::sockopt::set_tcp_user_timeout(listener, milliseconds)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn set_timeout(_: &TcpListener) -> rustix::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn bound(_: &TcpListener) {}
