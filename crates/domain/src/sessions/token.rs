use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

use crate::Secret;
use crate::sessions::{Generation, RefreshToken, SessionId};
use crate::{Mac, MacPurpose, MacTag, Nonce};

/// Starts every refresh token, so that scanners for leaked secrets know one when they see it.
const PREFIX: &str = "hxr_";
const ID_LENGTH: usize = 16;
const GENERATION_LENGTH: usize = 4;
const TOKEN_LENGTH: usize = ID_LENGTH + GENERATION_LENGTH + MacTag::LENGTH;

/// What a refresh token says before its MAC is checked: `hxr_` and base64url of id ‖ generation ‖ MAC.
///
/// The MAC covers id, generation and the session's nonce, which only the database knows. So a genuine token of any
/// generation is told from garbage without storing tokens, and neither the key alone nor the database alone is enough
/// to forge one.
#[derive(Clone, Debug)]
pub struct PresentedRefreshToken {
    /// The session it claims to belong to.
    pub id: SessionId,
    /// The generation it claims to be of.
    pub generation: Generation,
    tag: MacTag,
}

impl PresentedRefreshToken {
    /// Reads a token; `None` when it is not of the form above. Whether it is genuine,
    /// [`PresentedRefreshToken::is_genuine`] tells.
    pub fn parse(token: &str) -> Option<Self> {
        let encoded = token.strip_prefix(PREFIX)?;
        // Compared before decoding, so that the work is bounded.
        if encoded.len() != BASE64URL_NOPAD.encode_len(TOKEN_LENGTH) {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).ok()?;
        let (id, rest) = bytes.split_first_chunk::<ID_LENGTH>()?;
        let (generation, tag) = rest.split_first_chunk::<GENERATION_LENGTH>()?;
        Some(Self {
            id: SessionId::new(Uuid::from_bytes(*id)),
            generation: Generation::new(u32::from_be_bytes(*generation)),
            tag: MacTag::new(tag.try_into().ok()?),
        })
    }

    /// Whether the token was issued for the session it claims to belong to, which has this nonce.
    pub fn is_genuine(&self, nonce: &Nonce, mac: &dyn Mac) -> bool {
        mac.verify(MacPurpose::RefreshToken, &message(self.id, self.generation, nonce), &self.tag)
    }
}

impl RefreshToken {
    /// The token of the current generation, to be handed to its owner. Always the same for the same generation.
    pub fn token(&self, mac: &dyn Mac) -> Secret {
        let tag = mac.sign(MacPurpose::RefreshToken, &message(self.id, self.generation, &self.nonce));
        let mut bytes = [0; TOKEN_LENGTH];
        bytes[..ID_LENGTH].copy_from_slice(self.id.as_uuid().as_bytes());
        bytes[ID_LENGTH..][..GENERATION_LENGTH].copy_from_slice(&self.generation.get().to_be_bytes());
        bytes[ID_LENGTH + GENERATION_LENGTH..].copy_from_slice(tag.as_bytes());
        Secret::new(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes)))
    }
}

fn message(
    id: SessionId,
    generation: Generation,
    nonce: &Nonce,
) -> [u8; ID_LENGTH + GENERATION_LENGTH + Nonce::LENGTH] {
    let mut message = [0; ID_LENGTH + GENERATION_LENGTH + Nonce::LENGTH];
    message[..ID_LENGTH].copy_from_slice(id.as_uuid().as_bytes());
    message[ID_LENGTH..][..GENERATION_LENGTH].copy_from_slice(&generation.get().to_be_bytes());
    message[ID_LENGTH + GENERATION_LENGTH..].copy_from_slice(nonce.expose());
    message
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parsing_never_panics(token in ".{0,120}") {
            let _ = PresentedRefreshToken::parse(&token);
            let _ = PresentedRefreshToken::parse(&format!("hxr_{token}"));
        }
    }

    #[test]
    fn parsing_takes_one_spelling_only() {
        // 52 bytes leave four bits of the last character unused: they must be zero.
        let token = format!("hxr_{}A", "A".repeat(69));
        assert!(PresentedRefreshToken::parse(&token).is_some());
        assert!(PresentedRefreshToken::parse(&format!("hxr_{}B", "A".repeat(69))).is_none());
        assert!(PresentedRefreshToken::parse(&format!("{token}=")).is_none());
        assert!(PresentedRefreshToken::parse(&token.replace("hxr_", "")).is_none());
    }
}
