use data_encoding::BASE64URL_NOPAD;

use crate::{Secret, ValidationError};

/// The secret that proves that whoever ends something also began it (RFC 7636, section 4.1): 43 to 128 unreserved
/// characters.
#[derive(Clone, Debug)]
pub struct CodeVerifier(Secret);

/// The SHA-256 of a [`CodeVerifier`] (RFC 7636, section 4.2, method `S256`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeChallenge([u8; CodeChallenge::LENGTH]);

/// Computes challenges.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait CodeChallenges: Send + Sync {
    /// The challenge of a verifier. MUST be the SHA-256 of its characters.
    fn challenge(&self, verifier: &CodeVerifier) -> CodeChallenge;
}

impl CodeVerifier {
    /// Reads a verifier.
    ///
    /// # Errors
    /// `invalid_code_verifier`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if (43..=128).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(Secret::new(text.to_owned())));
        }
        let message = "A code verifier must have 43 to 128 letters, digits, '-', '.', '_' and '~'.";
        Err(ValidationError::new("invalid_code_verifier", message))
    }

    /// The characters.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl CodeChallenge {
    /// Bytes.
    pub const LENGTH: usize = 32;

    /// Wraps bytes.
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Reads one as it is sent: base64url without padding.
    ///
    /// # Errors
    /// `invalid_code_challenge`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let decoded = BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        let message = "A code challenge must be the SHA-256 of the verifier in base64url, 43 characters.";
        decoded.map(Self).ok_or_else(|| ValidationError::new("invalid_code_challenge", message))
    }

    /// As it is sent.
    pub fn encode(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
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
    fn verifiers_and_challenges_are_read_as_rfc_7636_has_them() {
        assert!(CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").is_ok());
        for text in ["", &"a".repeat(42), &"a".repeat(129), &"a b".repeat(20), &"é".repeat(43)] {
            assert_eq!(CodeVerifier::parse(text).unwrap_err().code, "invalid_code_verifier");
        }
        let text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(CodeChallenge::parse(text).unwrap().encode(), text);
        for text in ["", &text[1..], "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", &"+".repeat(43)] {
            assert_eq!(CodeChallenge::parse(text).unwrap_err().code, "invalid_code_challenge");
        }
    }
}
