use chrono::TimeDelta;
use data_encoding::BASE64URL_NOPAD;

use super::{CodeChallenge, ProviderFlowId};
use crate::identities::{ProviderAccount, ProviderName};
use crate::sessions::SessionId;
use crate::users::{Email, UserId};
use crate::{Mac, MacPurpose, Nonce, Secret, Timestamp};

/// A sign-in by a provider, or the linking of an account there, from its beginning to its end. Each of its steps is
/// taken once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFlow {
    /// Never changes.
    pub id: ProviderFlowId,
    /// The provider to which the browser is sent.
    pub provider: ProviderName,
    /// Goes into everything that is computed from the row.
    pub nonce: Nonce,
    /// The browser that was sent. `None` until one was.
    pub browser: Option<BrowserMark>,
    /// Where the browser is sent in the end: one of those that the operator allows.
    pub return_to: String,
    /// What whoever gets the code in the end must know.
    pub code_challenge: Option<CodeChallenge>,
    /// The session that links an account to its user's. `None` for a sign-in.
    pub linking: Option<LinkingSession>,
    /// When it began.
    pub created_at: Timestamp,
    /// The browser must be back before.
    pub expires_at: Timestamp,
    /// When it came back.
    pub answered_at: Option<Timestamp>,
    /// What the provider said then.
    pub proven: Option<ProvenIdentity>,
    /// The code that was made of it is good until then.
    pub code_expires_at: Option<Timestamp>,
    /// When the code was used.
    pub redeemed_at: Option<Timestamp>,
}

/// The session in which somebody links an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkingSession {
    /// Who.
    pub user: UserId,
    /// In which session. The link is made in no other.
    pub session: SessionId,
}

/// What a provider says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenIdentity {
    /// Their account there.
    pub account: ProviderAccount,
    /// Their address, if it tells one that is an address.
    pub email: Option<Email>,
    /// Whether the address counts as proven: the provider says so, and is trusted about such addresses.
    pub email_verified: bool,
}

/// What it takes to begin a flow.
#[derive(Clone, Debug)]
pub struct NewProviderFlow {
    /// A fresh id.
    pub id: ProviderFlowId,
    /// The provider.
    pub provider: ProviderName,
    /// A fresh nonce.
    pub nonce: Nonce,
    /// The browser, if it is known already.
    pub browser: Option<BrowserMark>,
    /// Where it ends.
    pub return_to: String,
    /// What whoever gets the code in the end must know.
    pub code_challenge: Option<CodeChallenge>,
    /// The session that links an account to its user's.
    pub linking: Option<LinkingSession>,
}

/// What a browser is known by while it is on its way: a random text in a cookie.
#[derive(Clone, Debug)]
pub struct Browser(Secret);

/// What is stored of a [`Browser`]: a MAC, so that the database alone does not tell the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowserMark([u8; BrowserMark::LENGTH]);

impl ProviderFlow {
    /// How long somebody may take at the provider.
    pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
    /// How long an app may take to use the code.
    pub const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(1);
    /// Longest place to return to, in bytes.
    pub const MAX_RETURN_TO_BYTES: usize = 500;

    /// Begins one.
    pub fn begin(new: NewProviderFlow, now: Timestamp) -> Self {
        let NewProviderFlow { id, provider, nonce, browser, return_to, code_challenge, linking } = new;
        Self {
            id,
            provider,
            nonce,
            browser,
            return_to,
            code_challenge,
            linking,
            created_at: now,
            expires_at: now + Self::LIFETIME,
            answered_at: None,
            proven: None,
            code_expires_at: None,
            redeemed_at: None,
        }
    }

    /// Whether a browser may still come back.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.answered_at.is_none() && now < self.expires_at
    }

    /// What the provider said, while the code for it is good.
    pub fn redeemable(&self, now: Timestamp) -> Option<&ProvenIdentity> {
        let is_good = self.redeemed_at.is_none() && self.code_expires_at.is_some_and(|until| now < until);
        self.proven.as_ref().filter(|_| is_good)
    }
}

impl Browser {
    /// Characters.
    const LENGTH: usize = 43;

    /// Makes one of random bytes.
    pub fn generate(random: [Nonce; 2]) -> Self {
        let bytes = random.map(|nonce| *nonce.expose()).concat();
        Self(Secret::new(BASE64URL_NOPAD.encode(&bytes)))
    }

    /// Reads a cookie; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let is_ours = text.len() == Self::LENGTH && BASE64URL_NOPAD.decode(text.as_bytes()).is_ok();
        is_ours.then(|| Self(Secret::new(text.to_owned())))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it.
    pub fn mark(&self, mac: &dyn Mac) -> BrowserMark {
        BrowserMark(*mac.sign(MacPurpose::Browser, self.expose().as_bytes()).as_bytes())
    }
}

impl BrowserMark {
    /// Bytes.
    pub const LENGTH: usize = 32;

    /// Wraps stored bytes.
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_read_as_it_was_made() {
        let browser = Browser::generate([Nonce::new([1; 16]), Nonce::new([2; 16])]);
        assert_eq!(Browser::parse(browser.expose()).unwrap().expose(), browser.expose());
        for text in ["", &browser.expose()[1..], &format!("{}=", browser.expose()), &"+".repeat(43)] {
            assert!(Browser::parse(text).is_none(), "{text}");
        }
    }
}
