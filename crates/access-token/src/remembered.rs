use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::TimeDelta;
use domain::Timestamp;
use domain::access_tokens::AccessClaims;
use domain::keys::KeyId;
use quick_cache::sync::Cache;

/// Most tokens that are remembered: some 4.5 MB, and up to 5 MB more if their clients have long names.
const CAPACITY: usize = 16_384;

/// How far the issuer's clock may be ahead of ours.
pub(crate) const LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// What was read from a token whose signature, issuer and audience are right.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) claims: AccessClaims,
    pub(crate) begins_at: Timestamp,
    pub(crate) key_id: KeyId,
}

impl Verified {
    /// Whether the token is valid at `now`. There is no leeway at the end: a token that ends early costs a refresh, and
    /// one that ends late is a hole.
    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        self.begins_at <= now + LEEWAY && now < self.claims.expires_at
    }
}

/// The digest of a whole token, signature included. It gives nobody access.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(crate) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

/// Tokens that were verified before, so that only the first use of a token costs a signature check.
pub(crate) struct RememberedTokens(Cache<TokenDigest, Verified>);

impl RememberedTokens {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    pub(crate) fn find(&self, token: &TokenDigest) -> Option<Verified> {
        self.0.get(token)
    }

    pub(crate) fn insert(&self, token: TokenDigest, verified: Verified) {
        self.0.insert(token, verified);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for RememberedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RememberedTokens(…)")
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::access_tokens::TokenId;
    use domain::clients::ClientId;
    use domain::sessions::SessionId;
    use domain::users::{Epoch, Role, UserId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn memory_is_bounded() {
        let time = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let verified = |number: u128| Verified {
            claims: AccessClaims {
                id: TokenId::new(Uuid::from_u128(number)),
                client_id: ClientId::parse(&"c".repeat(ClientId::MAX_LENGTH)).ok(),
                user_id: UserId::new(Uuid::from_u128(1)),
                session_id: SessionId::new(Uuid::from_u128(2)),
                role: Role::User,
                epoch: Epoch::default(),
                authentication: None,
                email_verified: Some(true),
                issued_at: time,
                expires_at: time,
            },
            begins_at: time,
            key_id: KeyId::new(Uuid::from_u128(3)),
        };
        let remembered = RememberedTokens::new();
        for number in 0..100_000 {
            remembered.insert(TokenDigest::of(&number.to_string()), verified(number));
        }
        assert!((CAPACITY * 9 / 10..=CAPACITY).contains(&remembered.len()), "{}", remembered.len());
        let bytes = remembered.0.memory_used().total();
        assert!(bytes < 5_500_000, "{bytes} bytes");
    }
}
