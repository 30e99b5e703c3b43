use crate::ValidationError;

/// A name to sign in with, as with the email: lower case, 3 to 30 of `a-z`, `0-9`, `_` and `-`.
///
/// It never holds an `@`, so a sign-in name is either an email or a username, never both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Fewest characters.
    pub const MIN_LENGTH: usize = 3;
    /// Most characters.
    pub const MAX_LENGTH: usize = 30;

    /// Reads a username, in any case.
    ///
    /// # Errors
    /// `too_short`, `too_long`, or `invalid_username` when another character occurs.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let text = text.trim();
        if text.len() > Self::MAX_LENGTH {
            let message = format!("A username must have at most {} characters.", Self::MAX_LENGTH);
            return Err(ValidationError::new("too_long", message));
        }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            let message = "A username must have only letters a to z, digits, '_' and '-'.";
            return Err(ValidationError::new("invalid_username", message));
        }
        if text.len() < Self::MIN_LENGTH {
            let message = format!("A username must have at least {} characters.", Self::MIN_LENGTH);
            return Err(ValidationError::new("too_short", message));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// Takes a stored username as it is, also one that would be refused today.
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_lower_case() {
        assert_eq!(Username::parse(" Ada_L-1 ").unwrap().as_str(), "ada_l-1");
    }

    #[test]
    fn refuses_other_lengths_and_characters() {
        let long = "a".repeat(31);
        for text in ["", "ab", &long, "ada lovelace", "ada@x", "ädä", "a\0da", "ada.l"] {
            assert!(Username::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
