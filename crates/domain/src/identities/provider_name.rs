use std::fmt;

use crate::ValidationError;

/// What the configuration calls a provider: 1 to 32 lower-case letters, digits, `-` and `_`. It stands in paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(String);

impl ProviderName {
    /// Most characters.
    pub const MAX_LENGTH: usize = 32;

    /// Reads a name.
    ///
    /// # Errors
    /// `invalid_provider_name`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        let message = "The name of a provider must have 1 to 32 lower-case letters, digits, '-' and '_'.";
        Err(ValidationError::new("invalid_provider_name", message))
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

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_good_for_a_path_and_a_variable() {
        for name in ["google", "my_idp-2", "1"] {
            assert_eq!(ProviderName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "Google", "a.b", "a/b", "a b", "é", &"x".repeat(33)] {
            assert_eq!(ProviderName::parse(name).unwrap_err().code, "invalid_provider_name", "{name}");
        }
    }
}
