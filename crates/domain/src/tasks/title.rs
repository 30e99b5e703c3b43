use crate::{ValidationError, text};

/// What a task is about, in a line: 1 to 200 characters, of which one can be seen, trimmed and in Unicode's composed
/// form (NFC). No control characters and no changes of direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskTitle(String);

impl TaskTitle {
    /// Most characters.
    pub const MAX_LENGTH: usize = 200;

    /// Reads a title.
    ///
    /// # Errors
    /// `too_short` when there is nothing to see, `too_long`, or `control_character`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        text::line(text, "A title", Self::MAX_LENGTH).map(Self)
    }

    /// Takes a stored title as it is, also one that would be refused today.
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The title.
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
        for title in ["Buy milk", "é", "買い物 🛒", "<b>'; --"] {
            assert_eq!(TaskTitle::parse(title).unwrap().as_str(), title);
        }
        let longest = "é".repeat(200);
        assert_eq!(TaskTitle::parse(&format!(" {longest}\n")).unwrap().as_str(), longest);
    }

    #[test]
    fn refuses_empty_long_and_control() {
        let long = "é".repeat(201);
        for text in ["", " \t\n", &long, "a\0b", "a\nb", "a\u{1b}[31m"] {
            assert!(TaskTitle::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    proptest! {
        /// What is stored must read back.
        #[test]
        fn a_title_parses_to_itself(text in "(?s).*") {
            if let Ok(title) = TaskTitle::parse(&text) {
                prop_assert_eq!(TaskTitle::parse(title.as_str()), Ok(title));
            }
        }
    }
}
