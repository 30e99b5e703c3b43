//! The host that a request is for (RFC 9110, section 7.2; RFC 9112, section 3.2).

use std::net::Ipv6Addr;

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderValue};

/// Whether each host that the request names is valid: that of `Host`, and that of its target if the target is a whole
/// URL. The two may differ: then a server goes by the target (RFC 9112, section 3.2.2), but this one uses neither. A
/// request of HTTP/1.1 without `Host`, or with two, does not get here: actix refuses it.
pub(crate) fn is_valid(request: &HttpRequest) -> bool {
    let in_target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    request.headers().get_all(HOST).map(HeaderValue::as_bytes).chain(in_target).all(is_host)
}

/// A name or an address, perhaps with a port (RFC 3986, section 3.2). Not empty, as the host of an http URL must not
/// be, and without a user (RFC 9110, sections 4.2.1 and 4.2.4).
fn is_host(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    if let Some(text) = text.strip_prefix('[') {
        return text.split_once(']').is_some_and(|(ip, port)| ip.parse::<Ipv6Addr>().is_ok() && is_port(port));
    }
    let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
    is_name(name) && is_port(port)
}

/// A registered name or an IPv4 address (RFC 3986, section 3.2.2).
fn is_name(name: &str) -> bool {
    let is_plain = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&b));
    let is_escape = |part: &str| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    let mut parts = name.split('%');
    !name.is_empty() && parts.next().is_some_and(is_plain) && parts.all(|part| is_escape(part) && is_plain(part))
}

/// Nothing, or a colon and perhaps a number.
fn is_port(text: &str) -> bool {
    let is_number = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.is_empty() || is_number(port))
}
