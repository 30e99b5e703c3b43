use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::ValidationError;

/// A password in clear, on its way to the hasher: bounded, in Unicode normalisation form C, wiped when dropped.
///
/// Normalising means that `é` typed on one system equals `é` typed on another (NIST SP 800-63B-4, section 3.1.1.2).
/// Nothing else is changed: no trimming, no case folding, no truncation.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// What is asked of a password that somebody chooses. There are no composition rules, on purpose (ASVS 6.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest characters. Never below [`PasswordPolicy::LOWEST_MIN_LENGTH`].
    pub min_length: usize,
    /// Most characters.
    pub max_length: usize,
}

impl PasswordPolicy {
    /// The floor of the setting (ASVS 6.2.1).
    pub const LOWEST_MIN_LENGTH: usize = 8;
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_length: 8, max_length: 256 }
    }
}

impl Password {
    /// Most bytes, whatever the policy says: what bounds the work of hashing.
    pub const MAX_BYTES: usize = 1024;

    /// A password that somebody chooses: the policy applies.
    ///
    /// # Errors
    /// `too_short`, `too_long`, or `control_character` for a NUL.
    pub fn chosen(text: &str, policy: &PasswordPolicy) -> Result<Self, ValidationError> {
        let password = Self::presented(text)?;
        let length = password.0.chars().count();
        if length < policy.min_length {
            let message = format!("A password must have at least {} characters.", policy.min_length);
            return Err(ValidationError::new("too_short", message));
        }
        if length > policy.max_length {
            let message = format!("A password must have at most {} characters.", policy.max_length);
            return Err(ValidationError::new("too_long", message));
        }
        Ok(password)
    }

    /// A password that somebody presents to sign in. The policy does not apply, since it may have changed since.
    ///
    /// # Errors
    /// `too_short` when empty, `too_long` over [`Password::MAX_BYTES`], or `control_character` for a NUL.
    pub fn presented(text: &str) -> Result<Self, ValidationError> {
        if text.is_empty() {
            return Err(ValidationError::new("too_short", "A password must not be empty."));
        }
        if text.len() > Self::MAX_BYTES {
            let message = format!("A password must have at most {} bytes.", Self::MAX_BYTES);
            return Err(ValidationError::new("too_long", message));
        }
        if text.contains('\0') {
            return Err(ValidationError::new("control_character", "A password must not have a NUL character."));
        }
        // Room for the most that form C can grow to, so that no half-written copy is left behind unwiped.
        let mut normal = Zeroizing::new(String::with_capacity(text.len() * 3));
        normal.extend(text.nfc());
        Ok(Self(normal))
    }

    /// The bytes to hash.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl PartialEq for Password {
    /// Both are held by the caller, so the time this takes tells nobody anything new.
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        let policy = PasswordPolicy::default();
        assert!(Password::chosen("пароль12", &policy).is_ok());
        assert_eq!(Password::chosen("пароль1", &policy).unwrap_err().code, "too_short");
        assert!(Password::chosen(&"é".repeat(256), &policy).is_ok());
        assert_eq!(Password::chosen(&"a".repeat(257), &policy).unwrap_err().code, "too_long");
        assert_eq!(Password::presented(&"a".repeat(1025)).unwrap_err().code, "too_long");
        assert_eq!(Password::presented("abcdefgh\0").unwrap_err().code, "control_character");
        assert_eq!(Password::presented("").unwrap_err().code, "too_short");
    }

    #[test]
    fn has_no_composition_rules_and_is_not_trimmed() {
        let policy = PasswordPolicy::default();
        for text in ["        ", "aaaaaaaa", "😀😀😀😀😀😀😀😀"] {
            assert!(Password::chosen(text, &policy).is_ok(), "{text:?}");
        }
        assert_ne!(Password::presented("secret "), Password::presented("secret"));
        assert_ne!(Password::presented("Secret"), Password::presented("secret"));
    }

    #[test]
    fn is_normalised() {
        assert_eq!(Password::presented("cafe\u{301}"), Password::presented("caf\u{e9}"));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Password::presented("hunter22").unwrap()), "Password(…)");
    }
}
