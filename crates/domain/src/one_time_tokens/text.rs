use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

use super::{OneTimeToken, OneTimeTokenId, Purpose};
use crate::{Mac, MacPurpose, MacTag, Nonce, Secret};

const ID_LENGTH: usize = 16;
const TOKEN_LENGTH: usize = ID_LENGTH + MacTag::LENGTH;

/// What a one-time token says before its MAC is checked: a prefix for the purpose, and base64url of id ‖ MAC.
///
/// The MAC covers id, purpose and the row's nonce, which only the database knows. So neither the key alone nor the
/// database alone is enough to forge one, and no token is stored anywhere.
#[derive(Clone, Debug)]
pub struct PresentedOneTimeToken {
    /// The row it claims to be of.
    pub id: OneTimeTokenId,
    tag: MacTag,
}

impl PresentedOneTimeToken {
    /// Reads a token for `purpose`; `None` when it is not of the form above. Whether it is genuine,
    /// [`PresentedOneTimeToken::is_genuine`] tells.
    pub fn parse(purpose: Purpose, token: &str) -> Option<Self> {
        let encoded = token.strip_prefix(purpose.prefix())?;
        // Compared before decoding, so that the work is bounded.
        if encoded.len() != BASE64URL_NOPAD.encode_len(TOKEN_LENGTH) {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).ok()?;
        let (id, tag) = bytes.split_first_chunk::<ID_LENGTH>()?;
        Some(Self { id: OneTimeTokenId::new(Uuid::from_bytes(*id)), tag: MacTag::new(tag.try_into().ok()?) })
    }

    /// Whether the token is that of this row, for its purpose.
    pub fn is_genuine(&self, token: &OneTimeToken, mac: &dyn Mac) -> bool {
        self.id == token.id && mac.verify(MacPurpose::OneTimeToken, &message(token), &self.tag)
    }
}

impl OneTimeToken {
    /// The token, to be mailed to its owner. Always the same for the same row.
    pub fn token(&self, mac: &dyn Mac) -> Secret {
        let tag = mac.sign(MacPurpose::OneTimeToken, &message(self));
        let mut bytes = [0; TOKEN_LENGTH];
        bytes[..ID_LENGTH].copy_from_slice(self.id.as_uuid().as_bytes());
        bytes[ID_LENGTH..].copy_from_slice(tag.as_bytes());
        Secret::new(format!("{}{}", self.purpose.prefix(), BASE64URL_NOPAD.encode(&bytes)))
    }
}

/// What the MAC of a row covers. The parts before the name of the purpose have fixed lengths.
pub(super) fn message(token: &OneTimeToken) -> Vec<u8> {
    let purpose = token.purpose.as_str().as_bytes();
    let mut message = Vec::with_capacity(ID_LENGTH + Nonce::LENGTH + purpose.len());
    message.extend_from_slice(token.id.as_uuid().as_bytes());
    message.extend_from_slice(token.nonce.expose());
    message.extend_from_slice(purpose);
    message
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parsing_never_panics(token in ".{0,120}") {
            let _ = PresentedOneTimeToken::parse(Purpose::SignIn, &token);
            let _ = PresentedOneTimeToken::parse(Purpose::SignIn, &format!("hxs_{token}"));
        }
    }

    #[test]
    fn parsing_takes_tokens_of_one_purpose_and_of_one_length() {
        let token = format!("hxp_{}", "A".repeat(64));
        assert!(PresentedOneTimeToken::parse(Purpose::ResetPassword, &token).is_some());
        assert!(PresentedOneTimeToken::parse(Purpose::VerifyEmail, &token).is_none());
        for other in [format!("{token}A"), format!("{token}="), token.replace("hxp_", ""), token.replace('A', " ")] {
            assert!(PresentedOneTimeToken::parse(Purpose::ResetPassword, &other).is_none(), "{other}");
        }
    }
}
