use crate::ValidationError;

/// What to search for: trimmed, 1 to 100 characters, no control characters. Kept in the form of [`search_key`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// Most characters.
    pub const MAX_LENGTH: usize = 100;

    /// Reads a text to search for.
    ///
    /// # Errors
    /// `invalid_search`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > Self::MAX_LENGTH || text.chars().any(char::is_control) {
            let message = format!("A search must have 1 to {} characters and no control characters.", Self::MAX_LENGTH);
            return Err(ValidationError::new("invalid_search", message));
        }
        Ok(Self(search_key(text)))
    }

    /// The [`search_key`] of the text.
    pub fn key(&self) -> &str {
        &self.0
    }
}

/// The form of a text to search in and to search for: texts that differ only in case or in the kind of white space are
/// equal.
pub fn search_key(text: &str) -> String {
    let fold = |char: char| match char {
        // Σ becomes σ inside a word and ς at its end; the start of a word must not depend on where it ends.
        'ς' => 'σ',
        char if char.is_whitespace() => ' ',
        char => char,
    };
    // By character: `str::to_lowercase` looks at the place in the word.
    text.chars().flat_map(char::to_lowercase).map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_trimmed_and_folded() {
        assert_eq!(SearchText::parse(" ÅNGSTRÖM\u{a0}ΣΊΣΥΦΟΣ ").unwrap().key(), "ångström σίσυφοσ");
        assert!(SearchText::parse(&"é".repeat(100)).is_ok());
    }

    #[test]
    fn refuses_empty_long_and_control() {
        let long = "é".repeat(101);
        for text in ["", " ", "\u{3000}", &long, "\0", "a\0b", "a\nb", "a\u{1b}[31m", "\u{85}x\u{85}y"] {
            assert!(SearchText::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
