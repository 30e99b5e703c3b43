use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXUPPER;
use domain::passwords::{BreachedListUnavailable, BreachedPasswords, Password};
use http_body_util::Full;
use hyper::header::USER_AGENT;
use hyper::http::uri::Scheme;
use hyper::{Request, Uri};
use thiserror::Error;

use crate::fetch::{Fetcher, is_here};

/// Digits of a hash that the service sees. Some thousand breached passwords share them, and countless others.
const PREFIX_DIGITS: usize = 5;
/// Digits of a line before its colon: the rest of a SHA-1.
const SUFFIX_DIGITS: usize = 35;
/// Longest time for all of it.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Largest response: ten times the usual.
const MAX_BYTES: usize = 512 * 1024;

/// A service that knows breached passwords, asked by the range protocol of Have I Been Pwned: `GET {url}/{5 digits}`
/// returns the rest of every SHA-1 that begins so, with how often each was seen, and padding, so that the length of the
/// response says nothing.
pub struct RangeApi {
    /// Without a slash at its end.
    url: String,
    fetcher: Fetcher,
}

/// Why a URL may not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidRangeUrl {
    /// It is none, or has more than a host, a port and a path.
    #[error("it is not a plain https:// URL")]
    NotPlain,
    /// What is asked could be read on the way.
    #[error("it must be https://, or on this machine, such as http://127.0.0.1:8000/range")]
    NotSecure,
    /// The machine cannot do TLS.
    #[error("TLS cannot be used")]
    Tls,
}

impl RangeApi {
    /// The service at this URL, such as `https://api.pwnedpasswords.com/range`.
    ///
    /// # Errors
    /// [`InvalidRangeUrl`], every variant.
    pub fn new(url: &str) -> Result<Self, InvalidRangeUrl> {
        let fetcher = Fetcher::new(TIMEOUT, MAX_BYTES).map_err(|_| InvalidRangeUrl::Tls)?;
        let uri: Uri = url.parse().map_err(|_| InvalidRangeUrl::NotPlain)?;
        if uri.host().is_none() || url.contains(['?', '#', '@']) {
            return Err(InvalidRangeUrl::NotPlain);
        }
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS || *scheme == Scheme::HTTP && is_here(&uri) => {
                Ok(Self { url: url.trim_end_matches('/').to_owned(), fetcher })
            }
            _ => Err(InvalidRangeUrl::NotSecure),
        }
    }
}

#[async_trait]
impl BreachedPasswords for RangeApi {
    async fn contains(&self, password: &Password) -> Result<bool, BreachedListUnavailable> {
        let hash = HEXUPPER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.expose()).as_ref());
        let (prefix, suffix) = hash.split_at(PREFIX_DIGITS);
        let request = Request::get(format!("{}/{prefix}", self.url))
            .header(USER_AGENT, concat!("hexauth/", env!("CARGO_PKG_VERSION")))
            .header("add-padding", "true")
            .body(Full::default());
        let request = request.map_err(|error| BreachedListUnavailable(error.into()))?;
        let response = self.fetcher.fetch(request).await.map_err(|error| BreachedListUnavailable(error.into()))?;
        is_in(response.body(), suffix).ok_or_else(|| BreachedListUnavailable("the response is not a range".into()))
    }
}

/// Whether the suffix is in the lines of a range. `None` for what is not one.
fn is_in(body: &[u8], suffix: &str) -> Option<bool> {
    let mut is_in = false;
    for line in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
        let (digits, count) = line.split_at_checked(SUFFIX_DIGITS)?;
        let count: u64 = std::str::from_utf8(count.strip_prefix(b":")?).ok()?.parse().ok()?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        // Padding was seen 0 times.
        is_in |= count > 0 && digits.eq_ignore_ascii_case(suffix.as_bytes());
    }
    Some(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_urls_that_nobody_can_read_along_are_asked() {
        for good in [
            "https://api.pwnedpasswords.com/range",
            "https://10.0.0.1:8443/a/b/",
            "http://127.0.0.1:8000",
            "http://[::1]/range/",
            "http://localhost:1/range",
        ] {
            assert!(RangeApi::new(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://api.pwnedpasswords.com/range", InvalidRangeUrl::NotSecure),
            ("http://127.0.0.1.example.com/", InvalidRangeUrl::NotSecure),
            ("http://0.0.0.0/", InvalidRangeUrl::NotSecure),
            ("ftp://127.0.0.1/", InvalidRangeUrl::NotSecure),
            ("api.example.com", InvalidRangeUrl::NotSecure),
            ("/range", InvalidRangeUrl::NotPlain),
            ("https://", InvalidRangeUrl::NotPlain),
            ("https://user:word@example.com/", InvalidRangeUrl::NotPlain),
            ("https://example.com/?range=", InvalidRangeUrl::NotPlain),
            ("https://exa mple.com/", InvalidRangeUrl::NotPlain),
        ] {
            assert_eq!(RangeApi::new(bad).err(), Some(why), "{bad}");
        }
    }

    #[test]
    fn a_range_is_read_strictly() {
        let (ours, other) = ("1E4C9B93F3F0682250B6CF8331B7EE68FD8", "00000000000000000000000000000000000");
        assert_eq!(is_in(format!("{other}:3\r\n{ours}:10\r\n").as_bytes(), ours), Some(true));
        assert_eq!(is_in(format!("{}:1", ours.to_lowercase()).as_bytes(), ours), Some(true));
        assert_eq!(is_in(format!("{other}:3\r\n{ours}:0").as_bytes(), ours), Some(false), "it is padding");
        assert_eq!(is_in(b"", ours), Some(false));
        for bad in [
            "<html>",
            ours,
            &ours[1..],
            &format!("{ours}:x"),
            &format!("{ours}:1\nhello"),
            &format!("X{}:1", &ours[1..]),
        ] {
            assert_eq!(is_in(bad.as_bytes(), ours), None, "{bad}");
        }
    }
}
