use super::ValidationError;

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
        let text = text.trim();
        if text.is_empty() {
            return Err(ValidationError::new("too_short", "This text has at least one character."));
        }
        if text.chars().count() > Self::MAX_LENGTH {
            let message = format!("This text has at most {} characters.", Self::MAX_LENGTH);
            return Err(ValidationError::new("too_long", message));
        }
        if text.chars().any(char::is_control) {
            return Err(ValidationError::new("control_character", "This text has no control characters."));
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
