use crate::{ValidationError, text};

/// Text of many lines without rules of its own: kept as it was written, up to 10,000 characters, no control characters
/// but line breaks and tabs. It may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongText(String);

impl LongText {
    /// Most characters.
    pub const MAX_LENGTH: usize = 10_000;

    /// Reads a text.
    ///
    /// # Errors
    /// `too_long`, or `control_character`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        text::lines(text, "This text", Self::MAX_LENGTH).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_people_write() {
        let longest = "é".repeat(10_000);
        for text in ["", " a\r\n\tb \n", "\\ % ' \"", &longest] {
            assert_eq!(LongText::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_long_and_control() {
        let long = "é".repeat(10_001);
        for text in [&long, "a\0b", "a\u{1b}[31m", "\u{85}"] {
            assert!(LongText::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
