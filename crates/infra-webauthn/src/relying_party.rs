use thiserror::Error;
use url::{Host, Url};

/// The service that passkeys are made for, and the pages and apps that use them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// The domain that passkeys are bound to. With another, all of them are lost.
    pub id: String,
    /// What people are shown.
    pub name: String,
    /// The origins of pages, and those of apps, such as `android:apk-key-hash:…`.
    pub origins: Vec<String>,
    /// Whether an origin may have any port: for development.
    pub any_port: bool,
}

/// Why no passkeys can be made for a relying party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidRelyingParty {
    /// Browsers take domains only.
    #[error("must be a domain, such as example.com")]
    NotADomain,
    /// There is no origin.
    #[error("must name an origin at least")]
    NoOrigin,
    /// Browsers would refuse pages of this origin.
    #[error("must be the RP id's domain or one below it, by https, or http for localhost, without a path")]
    ForeignOrigin,
}

impl RelyingParty {
    /// The origins, if browsers would refuse none of them.
    ///
    /// # Errors
    /// [`InvalidRelyingParty`].
    pub fn check(&self) -> Result<Vec<Url>, InvalidRelyingParty> {
        match self.faults().first() {
            Some(fault) => Err(*fault),
            None => Ok(self.origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect()),
        }
    }

    /// Everything that is wrong, so that all of it can be repaired at once.
    pub fn faults(&self) -> Vec<InvalidRelyingParty> {
        let is_good = |origin: &String| Url::parse(origin).is_ok_and(|origin| self.has(&origin));
        let faults = [
            (!self.is_domain(), InvalidRelyingParty::NotADomain),
            (self.origins.is_empty(), InvalidRelyingParty::NoOrigin),
            (!self.origins.iter().all(is_good), InvalidRelyingParty::ForeignOrigin),
        ];
        faults.into_iter().filter_map(|(is_there, fault)| is_there.then_some(fault)).collect()
    }

    fn is_domain(&self) -> bool {
        matches!(Host::parse(&self.id), Ok(Host::Domain(domain)) if domain == self.id)
    }

    /// Whether browsers let pages of this origin use our passkeys (Web Authentication Level 3, section 5.1.3, step 8).
    /// Of an app only the app's system knows. While there is no domain, any is as good as it.
    fn has(&self, origin: &Url) -> bool {
        let is_below = |host: &str| host.strip_suffix(&self.id).is_some_and(|sub| sub.ends_with('.'));
        let is_ours = |host: &str| !self.is_domain() || host == self.id || is_below(host);
        let is_bare = origin.path() == "/" && origin.query().is_none() && origin.fragment().is_none();
        match (origin.scheme(), origin.domain()) {
            ("https", Some(host)) => is_ours(host) && is_bare,
            ("http", Some(host)) => is_ours(host) && is_bare && (host == "localhost" || host.ends_with(".localhost")),
            ("http" | "https", None) => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(id: &str, origins: &[&str]) -> RelyingParty {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        RelyingParty { id: id.to_owned(), name: "Notes".to_owned(), origins, any_port: false }
    }

    #[test]
    fn origins_are_those_that_browsers_would_take() {
        for (id, origins) in [
            ("example.com", &["https://example.com", "https://app.example.com:8443"][..]),
            ("localhost", &["http://localhost:8080"]),
            (
                "example.com",
                &["https://example.com", "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck"],
            ),
        ] {
            assert!(party(id, origins).check().is_ok(), "{id} {origins:?}");
        }
        for (id, origins, fault) in [
            ("", &["https://example.com"][..], InvalidRelyingParty::NotADomain),
            ("192.0.2.1", &["https://192.0.2.1"], InvalidRelyingParty::NotADomain),
            ("https://example.com", &["https://example.com"], InvalidRelyingParty::NotADomain),
            ("EXAMPLE.com", &["https://example.com"], InvalidRelyingParty::NotADomain),
            ("example.com", &[], InvalidRelyingParty::NoOrigin),
            ("example.com", &["example.com"], InvalidRelyingParty::ForeignOrigin),
            ("example.com", &["https://badexample.com"], InvalidRelyingParty::ForeignOrigin),
            ("example.com", &["https://example.com.test"], InvalidRelyingParty::ForeignOrigin),
            ("example.com", &["http://example.com"], InvalidRelyingParty::ForeignOrigin),
            ("example.com", &["https://example.com/app"], InvalidRelyingParty::ForeignOrigin),
            ("example.com", &["https://example.com", "https://192.0.2.1"], InvalidRelyingParty::ForeignOrigin),
        ] {
            assert_eq!(party(id, origins).check(), Err(fault), "{id} {origins:?}");
        }
    }

    #[test]
    fn all_faults_are_found() {
        use InvalidRelyingParty::{ForeignOrigin, NoOrigin, NotADomain};
        for (id, origins, faults) in [
            ("example.com", &["https://example.com"][..], &[][..]),
            ("https://example.com", &["https://example.com"], &[NotADomain]),
            ("https://example.com", &["example.com"], &[NotADomain, ForeignOrigin]),
            ("https://example.com", &["https://192.0.2.1"], &[NotADomain, ForeignOrigin]),
            ("", &[], &[NotADomain, NoOrigin]),
        ] {
            assert_eq!(party(id, origins).faults(), faults, "{id} {origins:?}");
        }
    }
}
