use std::time::Duration;

use super::cors::Cors;
use crate::config::Proxies;

/// The settings by which every request is served.
#[derive(Debug)]
pub(crate) struct HttpSettings {
    /// Where clients reach this service, without a slash at the end.
    pub(crate) public_url: String,
    /// `Strict-Transport-Security`, if clients come by https.
    pub(crate) hsts: Option<&'static str>,
    /// Longest time one request may take.
    pub(crate) request_timeout: Duration,
    /// The proxies that are believed about the client's address.
    pub(crate) proxies: Proxies,
    /// Which web pages may read responses.
    pub(crate) cors: Cors,
}

impl HttpSettings {
    /// What clients have before each path of ours, because a proxy takes it off: nothing, or a path with a slash at its
    /// beginning.
    pub(crate) fn public_path(&self) -> &str {
        path_of(&self.public_url)
    }
}

/// The path of a URL, without the slashes at its end. Nothing of what is not a URL.
pub(crate) fn path_of(url: &str) -> &str {
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|start| &rest[start..]));
    path.unwrap_or_default().trim_end_matches('/')
}

/// The parties that access tokens name.
#[derive(Debug)]
pub(crate) struct TokenParties {
    /// `iss`.
    pub(crate) issuer: String,
    /// `aud`.
    pub(crate) audience: String,
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn a_url_has_a_path_and_other_text_has_none() {
        for (url, path) in [
            ("https://example.com", ""),
            ("https://example.com/", ""),
            ("http://[::1]:8080/a", "/a"),
            ("https://example.com/a/b//", "/a/b"),
            ("hexauth/a", ""),
            ("", ""),
        ] {
            assert_eq!(path_of(url), path, "{url}");
        }
    }
}
