use super::ValidationError;

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
        if text.chars().count() > Self::MAX_LENGTH {
            let message = format!("This text has at most {} characters.", Self::MAX_LENGTH);
            return Err(ValidationError::new("too_long", message));
        }
        if text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t')) {
            let message = "This text has no control characters but line breaks and tabs.";
            return Err(ValidationError::new("control_character", message));
        }
        Ok(Self(text.to_owned()))
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
