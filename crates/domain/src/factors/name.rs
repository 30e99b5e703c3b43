use crate::{ValidationError, text};

/// What somebody calls a factor, to tell it from their others: 1 to 64 characters in a line, of which one can be seen,
/// trimmed and in Unicode's composed form (NFC). No control characters and no changes of direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorName(String);

impl FactorName {
    /// Most characters.
    pub const MAX_LENGTH: usize = 64;

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

    /// What decides whether two names are the same: neither may differ in case alone.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
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
    fn keeps_what_people_write_and_refuses_what_cannot_be_seen() {
        assert_eq!(FactorName::parse(" Zoë's 📱 ").unwrap().as_str(), "Zoë's 📱");
        let long = "é".repeat(65);
        for text in ["", " \t", "\u{200b}", "a\nb", "a\u{202e}b", &long] {
            assert!(FactorName::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
