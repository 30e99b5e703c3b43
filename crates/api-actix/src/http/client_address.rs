//! The client's address: that of the peer or, if the peer is a trusted proxy, the one it speaks for.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};

use crate::config::{ForwardedHeader, Proxies};

/// Most hops that are looked at, from the nearest on.
const MAX_HOPS: usize = 16;

/// The client's address, for sessions, the log and rate limits. An IPv4 address in the form of IPv6 is IPv4. `None`
/// when the peer has no address.
pub(crate) fn of(request: &HttpRequest, proxies: &Proxies) -> Option<IpAddr> {
    request.peer_addr().map(|peer| behind(peer.ip(), request.headers(), proxies))
}

/// Goes from hop to hop for as long as each is a trusted proxy: the first that is not is the client. Whatever a client
/// wrote itself is further away, and is not reached. A hop that cannot be read ends the search at the proxy before it.
fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    let mut address = peer.to_canonical();
    if !proxies.trust(address) {
        return address;
    }
    let (name, read) = header(headers, proxies.header);
    let lines: Vec<&str> = headers.get_all(name).map(|line| line.to_str().unwrap_or_default()).collect();
    let hops = lines.into_iter().rev().flat_map(|line| from_the_right(line, ','));
    for hop in hops.take(MAX_HOPS) {
        match read(hop.trim()) {
            Some(known) => address = known.to_canonical(),
            None => return address,
        }
        if !proxies.trust(address) {
            return address;
        }
    }
    address
}

/// Reads the address of a hop.
type ReadHop = fn(&str) -> Option<IpAddr>;

/// Which header is believed. Never both: a proxy that writes one may pass on the other as the client sent it.
fn header(headers: &HeaderMap, believed: ForwardedHeader) -> (HeaderName, ReadHop) {
    match believed {
        ForwardedHeader::Forwarded => (FORWARDED, forwarded_hop),
        ForwardedHeader::Either if !headers.contains_key(X_FORWARDED_FOR) => (FORWARDED, forwarded_hop),
        ForwardedHeader::Either | ForwardedHeader::XForwardedFor => (X_FORWARDED_FOR, node),
    }
}

/// The `for` of an element of `Forwarded` (RFC 7239, section 4).
fn forwarded_hop(element: &str) -> Option<IpAddr> {
    let mut pairs = from_the_right(element, ';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    // No address has characters that would have to be escaped.
    node(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

/// An address, with or without a port (RFC 7239, section 6). `unknown` and names that hide an address are not
/// addresses.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Some(bare) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return bare.parse().ok().map(IpAddr::V6);
    }
    let (address, port) = text.rsplit_once(':')?;
    let is_hidden = |port: &str| port.starts_with('_');
    // With a port, IPv6 stands in brackets.
    format!("{address}:{}", if is_hidden(port) { "0" } else { port }).parse::<SocketAddr>().ok().map(|both| both.ip())
}

/// The parts of a list from the last to the first. Only separators outside of quotes count. Read from the right, what a
/// proxy added is whole, whatever quotes the client left open before it.
fn from_the_right(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut quoted = false;
        let mut at = None;
        for (index, char) in text.char_indices().rev() {
            match char {
                '"' if !is_escaped(&text[..index]) => quoted = !quoted,
                char if char == separator && !quoted => {
                    at = Some(index);
                    break;
                }
                _ => {}
            }
        }
        rest = at.map(|index| &text[..index]);
        Some(at.map_or(text, |index| &text[index + separator.len_utf8()..]))
    })
}

/// Whether what follows this text is escaped in a quoted string.
fn is_escaped(before: &str) -> bool {
    (before.len() - before.trim_end_matches('\\').len()) % 2 == 1
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const PEER: &str = "10.0.0.1";
    const X: &str = "x-forwarded-for";
    const F: &str = "forwarded";

    fn proxies(header: ForwardedHeader) -> Proxies {
        let trusted = ["10.0.0.0/8", "192.168.1.1/32", "2001:db8:ffff::/48"];
        Proxies { trusted: trusted.map(|network| network.parse().unwrap()).to_vec(), header }
    }

    fn seen(peer: &str, lines: &[(&str, &str)], header: ForwardedHeader) -> String {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        behind(peer.parse().unwrap(), &headers, &proxies(header)).to_string()
    }

    #[track_caller]
    fn assert_seen(lines: &[(&str, &str)], expected: &str) {
        assert_eq!(seen(PEER, lines, ForwardedHeader::Either), expected, "{lines:?}");
    }

    #[test]
    fn who_is_no_proxy_of_ours_is_not_believed() {
        for line in ["203.0.113.7", "10.0.0.9", "for=203.0.113.7"] {
            for name in [X, F] {
                assert_eq!(seen("198.51.100.1", &[(name, line)], ForwardedHeader::Either), "198.51.100.1");
                assert_eq!(seen("::ffff:198.51.100.1", &[(name, line)], ForwardedHeader::Either), "198.51.100.1");
            }
        }
    }

    #[test]
    fn the_rightmost_hop_that_is_not_trusted_is_the_client() {
        assert_seen(&[], PEER);
        for (line, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("1.1.1.1, 203.0.113.7", "203.0.113.7"),
            ("1.1.1.1,203.0.113.7 , 192.168.1.1,\t10.2.3.4", "203.0.113.7"),
            ("10.9.9.9, 192.168.1.1", "10.9.9.9"),
            ("203.0.113.7:4711", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("2001:DB8::7, 2001:db8:ffff::1", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("1.1.1.1, ::ffff:10.0.0.2", "1.1.1.1"),
        ] {
            assert_seen(&[(X, line)], expected);
        }
        assert_seen(&[(X, "1.1.1.1"), (X, "203.0.113.7, 10.0.0.2"), (X, "10.0.0.3")], "203.0.113.7");
        assert_eq!(seen("::ffff:10.0.0.1", &[(X, "203.0.113.7")], ForwardedHeader::Either), "203.0.113.7");
    }

    #[test]
    fn forwarded_is_read_as_its_rfc_says() {
        for (line, expected) in [
            ("for=203.0.113.7", "203.0.113.7"),
            ("For=\"203.0.113.7:4711\"", "203.0.113.7"),
            ("by=10.0.0.2;FOR=203.0.113.7;proto=https", "203.0.113.7"),
            ("for=\"[2001:db8::7]\"", "2001:db8::7"),
            ("for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=\"[2001:db8::7]:_port\"", "2001:db8::7"),
            ("for=1.1.1.1, for=203.0.113.7;by=\"a, for=9.9.9.9\" , for=10.0.0.2", "203.0.113.7"),
            ("for=203.0.113.7;host=\"a\\\", for=9.9.9.9\"", "203.0.113.7"),
            ("for=203.0.113.7;host=\"a\\\\\"", "203.0.113.7"),
            // A client that leaves a quote open hides nothing.
            ("for=\", for=203.0.113.7", "203.0.113.7"),
            ("for=\", for=\"[2001:db8::7]:80\"", "2001:db8::7"),
        ] {
            assert_seen(&[(F, line)], expected);
        }
    }

    #[test]
    fn a_hop_that_cannot_be_read_ends_the_way() {
        for hop in ["unknown", "_hidden", "", "nonsense", "1.2.3", "1.2.3.4.5", "010.1.1.1", "[::1", "1.1.1.1:99999"] {
            assert_seen(&[(X, hop)], PEER);
            assert_seen(&[(X, &format!("1.1.1.1, {hop}"))], PEER);
            assert_seen(&[(X, &format!("1.1.1.1, {hop}, 10.0.0.2"))], "10.0.0.2");
            assert_seen(&[(F, &format!("for=1.1.1.1, for={hop}, for=10.0.0.2"))], "10.0.0.2");
        }
        for element in ["proto=https", "for", "for:1.1.1.1", "xfor=1.1.1.1", "for=\"1.1.1.1", "for = 1.1.1.1"] {
            assert_seen(&[(F, &format!("for=1.1.1.1, {element}"))], PEER);
        }
    }

    #[test]
    fn one_header_is_believed_and_never_both() {
        let both = [(X, "203.0.113.7"), (F, "for=198.51.100.1")];
        assert_eq!(seen(PEER, &both, ForwardedHeader::Either), "203.0.113.7");
        assert_eq!(seen(PEER, &both, ForwardedHeader::XForwardedFor), "203.0.113.7");
        assert_eq!(seen(PEER, &both, ForwardedHeader::Forwarded), "198.51.100.1");
        assert_eq!(seen(PEER, &both[1..], ForwardedHeader::XForwardedFor), PEER);
        assert_eq!(seen(PEER, &both[..1], ForwardedHeader::Forwarded), PEER);
        // A header that is there but cannot be read does not make the other count.
        assert_eq!(seen(PEER, &[(X, ""), both[1]], ForwardedHeader::Either), PEER);
    }

    #[test]
    fn no_more_hops_are_looked_at_than_the_limit() {
        let far = |hops: usize| format!("203.0.113.7{}", ", 10.0.0.2".repeat(hops));
        assert_seen(&[(X, &far(MAX_HOPS - 1))], "203.0.113.7");
        assert_seen(&[(X, &far(MAX_HOPS))], "10.0.0.2");
    }

    proptest! {
        #[test]
        fn what_a_client_sends_changes_nothing(lines in prop::collection::vec("[ -~]{0,40}", 0..4)) {
            for (name, own) in [(X, "203.0.113.7"), (F, "for=203.0.113.7"), (F, "for=\"203.0.113.7:1\";by=\"x,y\"")] {
                // The proxy appends to the client's last line, or adds a line.
                let mut added: Vec<_> = lines.iter().map(|line| (name, line.clone())).collect();
                let mut appended = added.clone();
                added.push((name, own.to_owned()));
                match appended.last_mut() {
                    Some((_, last)) => *last = format!("{last}, {own}"),
                    None => appended.push((name, own.to_owned())),
                }
                for lines in [added, appended] {
                    let lines: Vec<_> = lines.iter().map(|(name, line)| (*name, line.as_str())).collect();
                    prop_assert_eq!(seen(PEER, &lines, ForwardedHeader::Either), "203.0.113.7", "{:?}", lines);
                }
            }
        }

        #[test]
        fn no_header_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), text in ".{0,40}") {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                for name in [X_FORWARDED_FOR, FORWARDED] {
                    let mut headers = HeaderMap::new();
                    headers.append(name, value.clone());
                    behind(PEER.parse().unwrap(), &headers, &proxies(ForwardedHeader::Either));
                }
            }
            node(&text);
            forwarded_hop(&text);
            prop_assert!(from_the_right(&text, ',').count() > 0);
        }
    }
}
