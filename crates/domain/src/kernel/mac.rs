use std::fmt;

/// Authenticates messages with keys that only this service's nodes hold.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Mac: Send + Sync {
    /// The tag of `message`: HMAC-SHA256 (RFC 2104). Different purposes MUST use independent keys, so that a tag for
    /// one is worth nothing for another. The same purpose and message MUST give the same tag.
    fn sign(&self, purpose: MacPurpose, message: &[u8]) -> MacTag;

    /// Whether `tag` is the tag of `message`. The comparison MUST take constant time.
    fn verify(&self, purpose: MacPurpose, message: &[u8], tag: &MacTag) -> bool;
}

/// What a tag is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MacPurpose {
    /// Refresh tokens.
    RefreshToken,
    /// One-time tokens, as links have them.
    OneTimeToken,
    /// The codes of one-time tokens, as people type them.
    MailedCode,
    /// The keys that attempts are counted under.
    AttemptKey,
    /// Recovery codes, as they are stored.
    RecoveryCode,
    /// What is secret about the flow of a sign-in by a provider.
    ProviderFlow,
    /// The cookies of browsers on their way to a provider, as they are stored.
    Browser,
}

/// The tag of a message. Not `PartialEq`, so that nobody compares it in variable time.
#[derive(Clone)]
pub struct MacTag([u8; MacTag::LENGTH]);

impl MacTag {
    /// Bytes.
    pub const LENGTH: usize = 32;

    /// Wraps bytes.
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for MacTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacTag(…)")
    }
}
