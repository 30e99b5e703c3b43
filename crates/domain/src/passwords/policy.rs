use thiserror::Error;

use crate::ValidationError;
use crate::passwords::{NewPassword, Password, Score, Strength};

/// What is required of a password that somebody chooses. There are no composition rules, on purpose (ASVS 6.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest characters. Below [`PasswordPolicy::LOWEST_MIN_LENGTH`] it has no effect.
    pub min_length: usize,
    /// Most characters.
    pub max_length: usize,
    /// The lowest score. With 0 any will do.
    pub min_strength: Score,
}

/// What was found out about a password that somebody chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Whether a name of who chose it is in it: [`OwnWords::are_in`](crate::passwords::OwnWords::are_in).
    pub has_own_name: bool,
    /// What the [`StrengthMeter`](crate::passwords::StrengthMeter) said.
    pub strength: Strength,
    /// What the list of [`BreachedPasswords`](crate::passwords::BreachedPasswords) said.
    pub is_breached: bool,
}

/// Why the policy refuses a password. Safe to show to whoever chose it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", self.sentences())]
pub struct RefusedPassword {
    /// The reason.
    pub fault: ValidationError,
    /// How to choose a better one, in whole sentences, where that is not plain.
    pub advice: Vec<String>,
}

impl PasswordPolicy {
    /// The floor of the setting (ASVS 6.2.1).
    pub const LOWEST_MIN_LENGTH: usize = 8;

    /// Makes a new password from one that was typed. Use cases call this, with the policy that they were given and what
    /// they found out.
    ///
    /// # Errors
    /// Those of [`PasswordPolicy::judge`].
    pub fn accept(&self, password: Password, found: &Findings) -> Result<NewPassword, RefusedPassword> {
        self.judge(&password, found)?;
        Ok(NewPassword::accepted(password))
    }

    /// Finds out whether a password would be accepted.
    ///
    /// # Errors
    /// `too_short`, `too_long`, `contains_your_name`, `too_guessable` with advice, `breached`.
    pub fn judge(&self, password: &Password, found: &Findings) -> Result<(), RefusedPassword> {
        self.check_length(password)?;
        if found.has_own_name {
            let message = "A password must not contain your name, your username or your email address.";
            return Err(ValidationError::new("contains_your_name", message).into());
        }
        if found.strength.score < self.min_strength {
            let fault = ValidationError::new("too_guessable", "This password is too easy to guess.");
            return Err(RefusedPassword { fault, advice: found.strength.advice.clone() });
        }
        if found.is_breached {
            let message = "This password is on a list of passwords that became known. Choose another.";
            return Err(ValidationError::new("breached", message).into());
        }
        Ok(())
    }

    /// Finds out whether a password has an acceptable length. It is cheap: a caller may ask before anything that is
    /// not, and report more than one fault at once.
    ///
    /// # Errors
    /// `too_short`, `too_long`.
    pub fn check_length(&self, password: &Password) -> Result<(), ValidationError> {
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
        Self { min_length: 8, max_length: 256, min_strength: Score::new(3) }
    }
}

impl RefusedPassword {
    fn sentences(&self) -> String {
        let advice = self.advice.iter().map(String::as_str);
        std::iter::once(self.fault.message.as_str()).chain(advice).collect::<Vec<_>>().join(" ")
    }
}

impl From<ValidationError> for RefusedPassword {
    fn from(fault: ValidationError) -> Self {
        Self { fault, advice: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strong() -> Findings {
        Findings { strength: Strength { score: Score::MAX, advice: Vec::new() }, ..Findings::default() }
    }

    fn fault(policy: &PasswordPolicy, text: &str) -> Option<&'static str> {
        policy.accept(Password::parse(text).unwrap(), &strong()).err().map(|refused| refused.fault.code)
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

    /// What the policy of this strength says of a password of this score.
    fn judged(min_strength: u8, found: &Findings) -> Option<RefusedPassword> {
        let policy = PasswordPolicy { min_strength: Score::new(min_strength), ..PasswordPolicy::default() };
        policy.judge(&Password::parse("well chosen").unwrap(), found).err()
    }

    #[test]
    fn a_guessable_password_is_refused_with_advice_and_with_0_none_is() {
        for score in 0..=4 {
            let strength = Strength { score: Score::new(score), advice: vec!["Add a word.".to_owned()] };
            let found = Findings { strength, ..Findings::default() };
            for min_strength in 0..=4 {
                let refused = judged(min_strength, &found);
                assert_eq!(refused.is_some(), score < min_strength, "{score} {min_strength}");
                let is_helpful = |refused: RefusedPassword| {
                    refused.fault.code == "too_guessable" && refused.advice == ["Add a word."]
                };
                assert!(refused.is_none_or(is_helpful));
            }
        }
    }

    #[test]
    fn each_refusal_has_its_own_code() {
        let code = |found| judged(3, &found).map(|refused| refused.fault.code);
        assert_eq!(code(strong()), None);
        assert_eq!(code(Findings { has_own_name: true, ..strong() }), Some("contains_your_name"));
        assert_eq!(code(Findings { is_breached: true, ..strong() }), Some("breached"));
        assert_eq!(code(Findings::default()), Some("too_guessable"));
        assert_eq!(code(Findings { has_own_name: true, ..Findings::default() }), Some("contains_your_name"));
    }
}
