use crate::ValidationError;
use crate::passwords::{NewPassword, Password};

/// What is required of a password that somebody chooses. There are no composition rules, on purpose (ASVS 6.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest characters. Below [`PasswordPolicy::LOWEST_MIN_LENGTH`] it has no effect.
    pub min_length: usize,
    /// Most characters.
    pub max_length: usize,
}

impl PasswordPolicy {
    /// The floor of the setting (ASVS 6.2.1).
    pub const LOWEST_MIN_LENGTH: usize = 8;

    /// Makes a new password from one that was typed. Use cases call this, with the policy that they were given.
    ///
    /// # Errors
    /// Those of [`PasswordPolicy::check`].
    pub fn accept(&self, password: Password) -> Result<NewPassword, ValidationError> {
        self.check(&password)?;
        Ok(NewPassword::accepted(password))
    }

    /// Finds out whether a password would be accepted, for a caller that reports more than one fault at once.
    ///
    /// # Errors
    /// `too_short`, `too_long`.
    pub fn check(&self, password: &Password) -> Result<(), ValidationError> {
        let (length, min_length) = (password.length(), self.min_length.max(Self::LOWEST_MIN_LENGTH));
        if length < min_length {
            let message = format!("A password must have at least {min_length} characters.");
            return Err(ValidationError::new("too_short", message));
        }
        if length > self.max_length {
            let message = format!("A password must have at most {} characters.", self.max_length);
            return Err(ValidationError::new("too_long", message));
        }
        Ok(())
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_length: 8, max_length: 256 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(policy: &PasswordPolicy, text: &str) -> Option<&'static str> {
        policy.accept(Password::parse(text).unwrap()).err().map(|error| error.code)
    }

    #[test]
    fn counts_characters_not_bytes() {
        let policy = PasswordPolicy::default();
        assert_eq!(fault(&policy, "пароль12"), None);
        assert_eq!(fault(&policy, "пароль1"), Some("too_short"));
        assert_eq!(fault(&policy, &"é".repeat(256)), None);
        assert_eq!(fault(&policy, &"a".repeat(257)), Some("too_long"));
    }

    #[test]
    fn has_no_composition_rules() {
        for text in ["        ", "aaaaaaaa", "😀😀😀😀😀😀😀😀"] {
            assert_eq!(fault(&PasswordPolicy::default(), text), None, "{text:?}");
        }
    }

    #[test]
    fn no_setting_goes_below_the_floor() {
        let careless = PasswordPolicy { min_length: 0, ..PasswordPolicy::default() };
        assert_eq!(fault(&careless, "1234567"), Some("too_short"));
    }
}
