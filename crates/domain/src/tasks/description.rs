use crate::{ValidationError, text};

/// What there is to say about a task, as it was written: at most 10,000 characters, and no control characters except
/// tabs and line breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDescription(String);

impl TaskDescription {
    /// Most characters.
    pub const MAX_LENGTH: usize = 10_000;

    /// Reads a description.
    ///
    /// # Errors
    /// `too_long`, or `control_character`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        text::lines(text, "A description", Self::MAX_LENGTH).map(Self)
    }

    /// Takes a stored description as it is, also one that would be refused today.
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The description.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_what_people_write() {
        let longest = "é".repeat(10_000);
        for text in ["", "  - indented\n\t- by a tab\r\n", "買い物 🛒", &longest] {
            assert_eq!(TaskDescription::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_long_and_control() {
        let long = "é".repeat(10_001);
        for text in [&long, "a\0b", "a\u{1b}[31m", "\u{85}"] {
            assert!(TaskDescription::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    proptest! {
        /// What is stored must read back, to the letter.
        #[test]
        fn a_description_is_kept_as_it_is(text in "(?s).*") {
            if let Ok(description) = TaskDescription::parse(&text) {
                prop_assert_eq!(description.as_str(), text);
            }
        }
    }
}
