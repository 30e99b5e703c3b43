use std::sync::Arc;
use std::time::{Duration, SystemTime};

use access_token::{AccessClaims, InvalidJwkSet, MAX_JWK_SET_BYTES, Timestamp, TokenError, Verifier};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// How often the keys are loaded in any case, so that a key that Hexauth has given up is given up here.
const RELOAD_INTERVAL: Duration = Duration::from_secs(300);
/// Shortest time from one load to the next. Anyone can make a token with an unknown key.
const RELOAD_PAUSE: Duration = Duration::from_secs(5);
/// Longest time for one load.
const LOAD_TIMEOUT: Duration = Duration::from_secs(3);

/// Why a token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is not valid.
    Invalid,
    /// Hexauth did not give its keys, so the token cannot be checked.
    NoKeys,
}

/// Checks tokens with keys that are kept in memory.
pub(crate) struct Tokens {
    verifier: Verifier,
    http: reqwest::Client,
    url: String,
    last_load: Mutex<Option<Load>>,
}

/// The outcome of trying to load the keys.
#[derive(Clone, Copy)]
struct Load {
    at: Instant,
    succeeded: bool,
}

#[derive(Debug, Error)]
enum LoadError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("the answer is over {MAX_JWK_SET_BYTES} bytes")]
    TooLarge,
    #[error("{0}")]
    Invalid(#[from] InvalidJwkSet),
}

impl Tokens {
    pub(crate) fn new(url: String, issuer: String, audience: String) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder().timeout(LOAD_TIMEOUT).build()?;
        Ok(Self { verifier: Verifier::new(issuer, audience), http, url, last_load: Mutex::new(None) })
    }

    /// Reads a token. Hexauth is asked only if the token names a key that is not known yet.
    pub(crate) async fn check(&self, token: &str) -> Result<AccessClaims, Refused> {
        match self.verifier.verify(token, now()) {
            Ok(claims) => Ok(claims),
            Err(TokenError::Invalid) => Err(Refused::Invalid),
            Err(TokenError::UnknownKey) => {
                if !self.load_unless_recent().await {
                    return Err(Refused::NoKeys);
                }
                self.verifier.verify(token, now()).map_err(|_| Refused::Invalid)
            }
        }
    }

    /// Loads the keys now and from time to time, for ever.
    pub(crate) async fn follow_keys(self: Arc<Self>) {
        loop {
            self.load_unless_recent().await;
            sleep(RELOAD_INTERVAL).await;
        }
    }

    /// Loads the keys, unless that was tried a moment ago, and returns whether the last try succeeded. Of many callers
    /// at once, one asks Hexauth and the others wait for its result.
    async fn load_unless_recent(&self) -> bool {
        let mut last = self.last_load.lock().await;
        if let Some(load) = *last
            && load.at.elapsed() < RELOAD_PAUSE
        {
            return load.succeeded;
        }
        // Noted before: a client that hangs up meanwhile must not let the next one try at once.
        *last = Some(Load { at: Instant::now(), succeeded: false });
        let result = self.load().await;
        if let Err(error) = &result {
            tracing::warn!(%error, url = self.url, "the keys cannot be loaded");
        }
        *last = Some(Load { at: Instant::now(), succeeded: result.is_ok() });
        result.is_ok()
    }

    async fn load(&self) -> Result<(), LoadError> {
        let mut answer = self.http.get(&self.url).send().await?.error_for_status()?;
        let mut json = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if json.len() + chunk.len() > MAX_JWK_SET_BYTES {
                return Err(LoadError::TooLarge);
            }
            json.extend_from_slice(&chunk);
        }
        Ok(self.verifier.set_jwk_set(&String::from_utf8_lossy(&json))?)
    }
}

#[expect(clippy::disallowed_methods, reason = "this program has no other clock")]
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}
