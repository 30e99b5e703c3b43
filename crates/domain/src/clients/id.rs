use std::fmt;
use std::sync::Arc;

use crate::ValidationError;

/// Names an OAuth client (RFC 6749, section 2.2): 1 to 255 visible ASCII characters. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// Most characters.
    pub const MAX_LENGTH: usize = 255;

    /// Reads the name of a client. RFC 6749, appendix A.1, also allows a space, which would be lost in a log or a list.
    ///
    /// # Errors
    /// `invalid_client_id` for a text that is empty, too long or has another character.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let is_sound = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_sound { Ok(Self(text.into())) } else { Err(invalid()) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn invalid() -> ValidationError {
    ValidationError::new("invalid_client_id", "A client's id has 1 to 255 visible ASCII characters, without spaces.")
}

/// The client that people sign in with, unless it is given another name.
impl Default for ClientId {
    fn default() -> Self {
        Self("hexauth".into())
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_are_called() {
        let longest = "c".repeat(255);
        for text in ["hexauth", "s6BhdRkqt3", "https://app.example/client?a=b", "!~", &longest] {
            assert_eq!(ClientId::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn rejects_empty_long_and_other_characters() {
        let long = "c".repeat(256);
        for text in ["", &long, " ", "a b", "a\n", "a\u{7f}", "é"] {
            assert_eq!(ClientId::parse(text).unwrap_err().code, "invalid_client_id", "{text:?}");
        }
    }
}
