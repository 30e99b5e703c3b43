use std::fmt;

use crate::one_time_tokens::{CODE_ALPHABET, read_code};
use crate::users::UserId;
use crate::{Mac, MacPurpose, Nonce, Secret, ValidationError};

/// A way back in for whoever lost their other factors: 10 characters, which are 50 bits, shown once and used once.
#[derive(Clone)]
pub struct RecoveryCode(Secret);

/// What is stored of one.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedRecoveryCode([u8; HashedRecoveryCode::LENGTH]);

impl RecoveryCode {
    /// Codes in a set.
    pub const IN_A_SET: usize = 10;
    /// Characters.
    pub const LENGTH: usize = 10;

    /// Makes one of random bytes.
    pub fn generate(random: &Nonce) -> Self {
        let characters = random.expose().iter().take(Self::LENGTH).map(|byte| usize::from(byte & 31));
        Self(Secret::new(characters.map(|index| char::from(CODE_ALPHABET[index])).collect()))
    }

    /// Reads what somebody typed, in upper or lower case and with blanks and hyphens.
    ///
    /// # Errors
    /// `invalid_code`: it cannot be a code, so that it is not a guess either.
    pub fn parse(typed: &str) -> Result<Self, ValidationError> {
        let invalid = || {
            let message = "A recovery code must have 10 letters and digits.";
            ValidationError::new("invalid_code", message)
        };
        read_code(typed, Self::LENGTH).map(Self).ok_or_else(invalid)
    }

    /// The code, as it is shown: two groups with a hyphen.
    pub fn show(&self) -> Secret {
        let (left, right) = self.0.expose().split_at(Self::LENGTH / 2);
        Secret::new(format!("{left}-{right}"))
    }

    /// What is stored of it: a MAC, so that the database alone does not tell the codes.
    pub fn hash(&self, user: UserId, mac: &dyn Mac) -> HashedRecoveryCode {
        let message = [user.as_bytes().as_slice(), self.0.expose().as_bytes()].concat();
        HashedRecoveryCode(*mac.sign(MacPurpose::RecoveryCode, &message).as_bytes())
    }
}

impl HashedRecoveryCode {
    /// Bytes.
    pub const LENGTH: usize = 32;

    /// Wraps stored bytes.
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

impl fmt::Debug for HashedRecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedRecoveryCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = RecoveryCode::generate(&Nonce::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]));
        assert_eq!(code.show().expose(), "23456-789AB");
        for typed in ["23456-789AB", "23456789ab", " 2345 6789 AB"] {
            assert_eq!(RecoveryCode::parse(typed).unwrap().show().expose(), "23456-789AB", "{typed}");
        }
        assert!(RecoveryCode::parse("03456-789AB").is_ok());
        for typed in ["", "23456-789A", "23456-789ABC", "2345ü-789AB"] {
            assert_eq!(RecoveryCode::parse(typed).unwrap_err().code, "invalid_code", "{typed}");
        }
    }
}
