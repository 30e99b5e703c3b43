use crate::ValidationError;

/// An account at a provider: by the issuer and the subject of its ID tokens, which is the only thing that stays the
/// same (OpenID Connect Core, sections 2 and 5.7). Both are compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProviderAccount {
    issuer: String,
    subject: String,
}

impl ProviderAccount {
    /// Longest issuer, in bytes.
    pub const MAX_ISSUER_BYTES: usize = 500;
    /// Longest subject, in bytes: OpenID Connect Core, section 2.
    pub const MAX_SUBJECT_BYTES: usize = 255;

    /// Reads an issuer and a subject.
    ///
    /// # Errors
    /// `invalid_issuer` and `invalid_subject` for what is empty, too long, or has a control character.
    pub fn parse(issuer: &str, subject: &str) -> Result<Self, ValidationError> {
        let is_plain = |text: &str, max| !text.is_empty() && text.len() <= max && !text.contains(char::is_control);
        if !is_plain(issuer, Self::MAX_ISSUER_BYTES) {
            return Err(ValidationError::new("invalid_issuer", "An issuer must have 1 to 500 bytes."));
        }
        if !is_plain(subject, Self::MAX_SUBJECT_BYTES) {
            return Err(ValidationError::new("invalid_subject", "A subject must have 1 to 255 bytes."));
        }
        Ok(Self { issuer: issuer.to_owned(), subject: subject.to_owned() })
    }

    /// The provider's identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The account's, there.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_an_issuer_and_a_subject_of_some_length() {
        let issuer = "https://id.example.com";
        assert!(ProviderAccount::parse(issuer, &"é".repeat(127)).is_ok());
        assert_ne!(ProviderAccount::parse(issuer, "Ada"), ProviderAccount::parse(issuer, "ada"));
        for subject in ["", "a\0", "a\n", &"x".repeat(256)] {
            assert_eq!(ProviderAccount::parse(issuer, subject).unwrap_err().code, "invalid_subject");
        }
        assert_eq!(ProviderAccount::parse("", "1").unwrap_err().code, "invalid_issuer");
    }
}
