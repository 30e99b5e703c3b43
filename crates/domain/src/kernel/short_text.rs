use crate::{ValidationError, text};

/// A line of text without rules of its own: trimmed, 1 to 200 characters, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortText(String);

impl ShortText {
    /// Most characters.
    pub const MAX_LENGTH: usize = 200;

    /// Reads a line.
    ///
    /// # Errors
    /// `too_short` when nothing is left after trimming, `too_long`, or `control_character`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        text::line(text, "This text", Self::MAX_LENGTH).map(Self)
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
        let longest = "é".repeat(200);
        for text in ["a", "2026/0042 – Ünïcödé 山 👩‍🚀", "\\ % ' \"", &longest] {
            assert_eq!(ShortText::parse(&format!(" {text}\n")).unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_empty_long_and_control() {
        let long = "é".repeat(201);
        for text in ["", "  ", &long, "a\0b", "a\nb", "a\u{1b}[31m"] {
            assert!(ShortText::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
