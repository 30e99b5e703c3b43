//! What the text of a setting stands for, where that is more than a number or a word.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::HeaderName;
use domain::clients::ClientSecretHash;
use ipnet::IpNet;

use super::types::{Checks, HashingSettings};

/// Longest place to return to, in bytes.
const MAX_RETURN_TO_BYTES: usize = 500;
/// Longest id of a client, in characters.
const MAX_CLIENT_ID_LENGTH: usize = 100;
/// Longest name of a header, in bytes.
const MAX_HEADER_NAME_LENGTH: usize = 100;

/// The collector's own path is added.
pub(super) fn parse_collector(text: &str) -> Result<String, &'static str> {
    if text.starts_with("https://") {
        return Err("a collector is reached by http:// only: let one run beside the server, and send on from there");
    }
    parse_public_url(text).map(|url| format!("{url}/v1/traces"))
}

/// A part of a whole.
pub(super) fn parse_ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse::<f64>().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| format!("'{text}' is not a number from 0 to 1"))
}

pub(super) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("'{text}' is not an address and a port, such as 127.0.0.1:9090"))
}

/// A network such as 10.0.0.0/8, or one address.
pub(super) fn parse_network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse().map(|address: IpAddr| IpNet::from(address)));
    match network {
        Ok(IpNet::V6(network)) if network.addr().to_ipv4_mapped().is_some() => {
            Err(format!("'{text}' is IPv4 in the form of IPv6: write it as IPv4"))
        }
        // It would let every client choose its address.
        Ok(network) if network.prefix_len() == 0 => Err(format!("'{text}' is every address: name the proxies")),
        Ok(network) => Ok(network),
        Err(_) => Err(format!("'{text}' is neither a network, such as 10.0.0.0/8 or 2001:db8::/32, nor an address")),
    }
}

/// Schemes whose pages have no origin of their own, or that have no pages.
const NO_PAGES: [&str; 10] =
    ["about", "blob", "data", "file", "filesystem", "ftp", "javascript", "mailto", "ws", "wss"];

/// An origin exactly as browsers send it (RFC 6454, section 6.2), since it is compared with that byte by byte. An app
/// that shows web pages has a scheme of its own, such as `capacitor://localhost`.
pub(super) fn parse_origin(text: &str) -> Result<String, String> {
    if text == "*" || text == "null" {
        return Err(format!("'{text}' would be any page: name the origins"));
    }
    if is_origin(text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "'{text}' is not an origin as browsers send it, such as https://app.example.com, http://localhost:3000 or \
         capacitor://localhost: in lower case, without a path or a slash at the end, without the scheme's own port, \
         and no wildcard"
    ))
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let default_port = match scheme {
        "https" => Some("443"),
        "http" => Some("80"),
        _ => None,
    };
    let (host, port) = match authority.rsplit_once(':') {
        // A colon within brackets is part of an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
    let has_sound_port = port.is_none_or(|port| is_port(port) && Some(port) != default_port);
    is_scheme(scheme) && is_host(host) && has_sound_port
}

/// A scheme of pages (RFC 3986, section 3.1).
fn is_scheme(scheme: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    scheme.starts_with(|c: char| c.is_ascii_lowercase()) && scheme.chars().all(is_plain) && !NO_PAGES.contains(&scheme)
}

/// The name of a header (RFC 9110, section 5.6.2). A `*` is not taken: it would not stand for `Authorization`, and for
/// nothing where cookies are allowed.
pub(super) fn parse_header_name(text: &str) -> Result<String, String> {
    let is_name = HeaderName::from_bytes(text.as_bytes()).is_ok() && text.len() <= MAX_HEADER_NAME_LENGTH;
    if is_name && !text.contains('*') {
        return Ok(text.to_owned());
    }
    Err(format!("'{text}' is not the name of a header, such as X-Device-Id, and there are no wildcards"))
}

/// Characters outside ASCII come as `xn--`.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    host.len() <= 253 && host.split('.').all(|label| !label.is_empty() && label.chars().all(is_plain))
}

pub(super) fn parse_public_url(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('/');
    let is_plain = |rest: &str| !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || "?#@".contains(c));
    match text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
        Some(rest) if is_plain(rest) => Ok(text.to_owned()),
        _ => Err("it is not a plain http:// or https:// URL"),
    }
}

/// Where a browser may be sent after a sign-in by a provider: a page, or a scheme of an app's own. It is compared with
/// what is asked for byte by byte.
pub(super) fn parse_return_to(text: &str) -> Result<String, String> {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let is_page = |scheme: &str| scheme == "https" || scheme == "http";
    let has_host = |rest: &str| rest.starts_with("//") && rest.len() > 2;
    let is_good = is_scheme(scheme)
        && text.len() <= MAX_RETURN_TO_BYTES
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte))
        && (!is_page(scheme)
            || text.strip_prefix(scheme).and_then(|rest| rest.strip_prefix(':')).is_some_and(has_host));
    if is_good {
        return Ok(text.to_owned());
    }
    Err(format!(
        "'{text}' is not a URL without a fragment, such as https://app.example.com/signed-in or com.example.app:/signed-in"
    ))
}

/// The value is not repeated: it may be the secret itself, given by mistake.
pub(super) fn parse_client(
    id: &str,
    hash: &str,
    hashing: &HashingSettings,
    checks: Checks,
) -> Result<ClientSecretHash, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if id.is_empty() || id.len() > MAX_CLIENT_ID_LENGTH || !id.chars().all(is_plain) {
        return Err(format!("a client's id has 1 to {MAX_CLIENT_ID_LENGTH} letters, digits, '-', '_' and '.'"));
    }
    let hash = ClientSecretHash::parse(hash).map_err(|error| error.to_string())?;
    // Also the caps: over them, every request of the client would fail.
    if let ClientSecretHash::Argon2id(hash) = &hash {
        (checks.check_stored_hash)(hash, hashing).map_err(|error| error.to_string())?;
    }
    Ok(hash)
}
