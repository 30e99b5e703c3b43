use std::fmt;

use chrono::TimeDelta;

use crate::keys::KeyId;
use crate::{Timestamp, ValidationError};

/// A key that signs access tokens. All nodes share it through the database, where it is sealed.
///
/// Its life: *next* (published, so that everybody knows it before it signs anything), *active* (signs), *retired*
/// (signs nothing, is accepted until its last token has expired).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// The `kid` of its tokens.
    pub id: KeyId,
    /// The one algorithm it is for.
    pub algorithm: Algorithm,
    /// The key itself, which nobody can open without the root secret.
    pub sealed: SealedKey,
    /// When it was made and published.
    pub created_at: Timestamp,
    /// Where in its life it is.
    pub state: KeyState,
}

const NEXT: &str = "next";
const ACTIVE: &str = "active";

/// Where in its life a signing key is. There is at most one next and at most one active key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, and not used yet.
    Next,
    /// Signs.
    Active {
        /// Since when.
        since: Timestamp,
        /// The longest lifetime of the tokens that it has signed or may sign, to the microsecond. Zero where it is
        /// not known.
        token_ttl: TimeDelta,
    },
    /// No longer signs.
    Retired {
        /// Until when its tokens are accepted.
        accepted_until: Timestamp,
    },
}

impl KeyState {
    /// The state's name in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => NEXT,
            Self::Active { .. } => ACTIVE,
            Self::Retired { .. } => "retired",
        }
    }

    /// The state of an active key that is to sign tokens of this lifetime, where it does not say so yet. Anyone who
    /// retires it, or revokes its tokens, must know how long they live.
    pub fn with_longer_life(self, lifetime: TimeDelta) -> Option<Self> {
        match self {
            Self::Active { since, token_ttl } if token_ttl < lifetime => {
                Some(Self::Active { since, token_ttl: lifetime })
            }
            _ => None,
        }
    }
}

impl SigningKey {
    /// Whether tokens that it signed count at `now`.
    pub fn is_accepted(&self, now: Timestamp) -> bool {
        match self.state {
            KeyState::Next | KeyState::Active { .. } => true,
            KeyState::Retired { accepted_until } => now < accepted_until,
        }
    }

    /// When the last token that it has signed until `now` has expired, going by its state: a node with another setting
    /// may have given tokens a longer life than this one does.
    pub fn tokens_expire_at(&self, now: Timestamp) -> Timestamp {
        match self.state {
            KeyState::Next => now,
            KeyState::Active { token_ttl, .. } => now + token_ttl,
            KeyState::Retired { accepted_until } => accepted_until,
        }
    }
}

/// The signing keys as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredKeys {
    /// Those that can be read, oldest first.
    pub readable: Vec<SigningKey>,
    /// The others, oldest first. They do not stop the rest from being used.
    pub unreadable: Vec<UnreadableKey>,
}

/// A stored key that this version cannot read: a newer version has made it, or it is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableKey {
    /// Which key.
    pub id: KeyId,
    /// The name of its state as it is stored, known or not.
    pub state: String,
    /// Which part of it cannot be read.
    pub column: &'static str,
}

impl StoredKeys {
    /// The key that signs.
    ///
    /// # Errors
    /// The key that should sign, where it cannot be read.
    pub fn active(&self) -> Result<Option<&SigningKey>, &UnreadableKey> {
        self.in_state(ACTIVE)
    }

    /// The key that is to sign next.
    ///
    /// # Errors
    /// That key, where it cannot be read.
    pub fn next(&self) -> Result<Option<&SigningKey>, &UnreadableKey> {
        self.in_state(NEXT)
    }

    fn in_state(&self, name: &str) -> Result<Option<&SigningKey>, &UnreadableKey> {
        let unreadable = self.unreadable.iter().find(|key| key.state == name);
        unreadable.map_or_else(|| Ok(self.readable.iter().find(|key| key.state.name() == name)), Err)
    }
}

impl From<Vec<SigningKey>> for StoredKeys {
    fn from(readable: Vec<SigningKey>) -> Self {
        Self { readable, unreadable: Vec::new() }
    }
}

impl UnreadableKey {
    /// Whether it should sign.
    pub fn is_active(&self) -> bool {
        self.state == ACTIVE
    }
}

impl fmt::Display for UnreadableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, state, column } = self;
        write!(f, "signing key {id} in the state {state:?} cannot be read: this version does not know its {column}")
    }
}

/// An algorithm that access tokens are signed with (RFC 7518, section 3.1; RFC 8037 for EdDSA).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, keys of 3072 bits.
    Rs256,
    /// HMAC with SHA-256. Nobody but Hexauth itself can verify its tokens.
    Hs256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Hs256];

    /// The algorithm's name in the header of tokens, in the database and in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }

    /// Reads an algorithm's name.
    ///
    /// # Errors
    /// `unknown_algorithm` for any other text.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text);
        found.ok_or_else(|| {
            ValidationError::new("unknown_algorithm", "An algorithm must be one of EdDSA, ES256, RS256 and HS256.")
        })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A key, encrypted and authenticated under a key that only the nodes can derive.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey(Vec<u8>);

impl SealedKey {
    /// Wraps fresh or stored bytes.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedKey(…)")
    }
}
