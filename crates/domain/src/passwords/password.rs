use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::ValidationError;

/// A password in clear, as somebody typed it: bounded, in Unicode normalisation form C, wiped when dropped.
///
/// It can be compared with a stored hash. One that is to be stored is a [`NewPassword`](crate::passwords::NewPassword).
///
/// Normalising means that `é` typed on one system equals `é` typed on another (NIST SP 800-63B-4, section 3.1.1.2).
/// Nothing else is changed: no trimming, no case folding, no truncation.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Most bytes, whatever the policy says. It bounds the work of hashing.
    pub const MAX_BYTES: usize = 1024;

    /// Takes a password as it was typed. No policy applies: it may have changed since the password was chosen.
    ///
    /// # Errors
    /// `too_short` when empty, `too_long` over [`Password::MAX_BYTES`], or `control_character` for a NUL.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
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

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// How many characters it has.
    pub(super) fn length(&self) -> usize {
        self.0.chars().count()
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
    fn is_bounded() {
        assert_eq!(Password::parse(&"a".repeat(1025)).unwrap_err().code, "too_long");
        assert_eq!(Password::parse("abcdefgh\0").unwrap_err().code, "control_character");
        assert_eq!(Password::parse("").unwrap_err().code, "too_short");
    }

    #[test]
    fn is_neither_trimmed_nor_folded() {
        assert_ne!(Password::parse("secret "), Password::parse("secret"));
        assert_ne!(Password::parse("Secret"), Password::parse("secret"));
    }

    #[test]
    fn is_normalised() {
        assert_eq!(Password::parse("cafe\u{301}"), Password::parse("caf\u{e9}"));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Password::parse("hunter22").unwrap()), "Password(…)");
    }
}
