use crate::{ValidationError, text};

/// A person's name as they write it: 1 to 200 characters, of which one can be seen, trimmed and in Unicode's composed
/// form (NFC). No control characters and no changes of direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullName(String);

impl FullName {
    /// Most characters.
    pub const MAX_LENGTH: usize = 200;

    /// Reads a name.
    ///
    /// # Errors
    /// `too_short` when there is nothing to see, `too_long`, or `control_character`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        text::line(text, "A name", Self::MAX_LENGTH).map(Self)
    }

    /// Takes a stored name as it is, also one that would be refused today.
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_people_write() {
        for name in ["Ada King, Countess of Lovelace", "李", "O'Neil <x>", "N'Ko ߒߞߏ"] {
            assert_eq!(FullName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_empty_long_and_control() {
        let long = "é".repeat(201);
        for text in ["", "  ", &long, "a\0b", "a\nb", "a\u{1b}[31m"] {
            assert!(FullName::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
