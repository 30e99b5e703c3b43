use std::fmt;

use super::OneTimeToken;
use super::text::message;
use crate::{Mac, MacPurpose, Secret, ValidationError};

/// What codes that people type consist of. No character is easily taken for another: neither 0 and O nor 1 and I are
/// among them.
pub(crate) const CODE_ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Longest text that is looked at for such a code, in bytes: people type blanks and hyphens.
pub const MAX_TYPED_CODE_BYTES: usize = 32;

/// Reads a code of so many letters and digits, in upper or lower case and with blanks and hyphens; `None` when it is
/// not that. A letter or digit that no code has, such as 0, makes it a wrong code, which counts as a guess.
pub(crate) fn read_code(typed: &str, length: usize) -> Option<Secret> {
    if typed.len() > MAX_TYPED_CODE_BYTES {
        return None;
    }
    let code: String = typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
    let is_code = code.len() == length && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| Secret::new(code))
}

/// The short form of a one-time token, for apps that no link leads to: 8 characters, which are 40 bits.
///
/// It can be guessed where nobody counts the attempts, so a caller must reserve one before it compares.
#[derive(Clone)]
pub struct MailedCode(Secret);

impl MailedCode {
    /// Characters.
    pub const LENGTH: usize = 8;

    /// Reads what somebody typed, in upper or lower case and with blanks and hyphens.
    ///
    /// # Errors
    /// `invalid_code`: it cannot be a code, so that it is not a guess either.
    pub fn parse(typed: &str) -> Result<Self, ValidationError> {
        let invalid = || {
            let message = "A code from a mail must have 8 letters and digits.";
            ValidationError::new("invalid_code", message)
        };
        read_code(typed, Self::LENGTH).map(Self).ok_or_else(invalid)
    }

    /// Whether it is the code of this row.
    pub fn is_genuine(&self, token: &OneTimeToken, mac: &dyn Mac) -> bool {
        // Tags are compared in constant time, and texts are not.
        let expected = mac.sign(MacPurpose::MailedCode, code(token, mac).expose().as_bytes());
        mac.verify(MacPurpose::MailedCode, self.0.expose().as_bytes(), &expected)
    }
}

impl fmt::Debug for MailedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailedCode(…)")
    }
}

impl OneTimeToken {
    /// The code, as it stands in the mail: two groups of four characters with a hyphen. Always the same for the same
    /// row.
    pub fn code(&self, mac: &dyn Mac) -> Secret {
        let code = code(self, mac);
        let (left, right) = code.expose().split_at(MailedCode::LENGTH / 2);
        Secret::new(format!("{left}-{right}"))
    }
}

/// Five bits of each of the first bytes of a MAC.
fn code(token: &OneTimeToken, mac: &dyn Mac) -> Secret {
    let tag = mac.sign(MacPurpose::MailedCode, &message(token));
    let characters = tag.as_bytes().iter().take(MailedCode::LENGTH).map(|byte| usize::from(byte & 31));
    Secret::new(characters.map(|index| char::from(CODE_ALPHABET[index])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for typed in ["ABCD-2345", "abcd2345", " abcd - 2345 ", "AB CD 23 45"] {
            assert_eq!(MailedCode::parse(typed).unwrap().0.expose(), "ABCD2345", "{typed}");
        }
        assert!(MailedCode::parse("ABCD-0345").is_ok());
        let long = format!("ABCD2345{}", " ".repeat(40));
        for typed in ["", "ABCD-234", "ABCD-23456", "ABCDÄ345", "ABCD_2345", &long] {
            assert_eq!(MailedCode::parse(typed).unwrap_err().code, "invalid_code", "{typed}");
        }
    }
}
