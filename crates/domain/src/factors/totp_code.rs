use crate::{Secret, Timestamp, ValidationError};

/// What an authenticator app shows: six digits.
#[derive(Clone, Debug)]
pub struct TotpCode(Secret);

impl TotpCode {
    /// Digits.
    pub const LENGTH: usize = 6;
    /// So many wrong ones in a row are looked at for a user, however slowly they come: six digits are soon guessed
    /// (NIST SP 800-63B-4, section 3.2.2). Then another factor is needed.
    pub const MAX_IN_A_ROW: u32 = 100;
    /// Longest text that is looked at, in bytes: people type blanks.
    pub const MAX_BYTES: usize = 16;

    /// Reads what somebody typed, with or without blanks.
    ///
    /// # Errors
    /// `invalid_code`: it cannot be a code, so that it is not a guess either.
    pub fn parse(typed: &str) -> Result<Self, ValidationError> {
        let invalid = || ValidationError::new("invalid_code", "A code of an authenticator app must have 6 digits.");
        if typed.len() > Self::MAX_BYTES {
            return Err(invalid());
        }
        let digits: String = typed.chars().filter(|c| *c != ' ').collect();
        let is_code = digits.len() == Self::LENGTH && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(Secret::new(digits))).ok_or_else(invalid)
    }

    /// The digits.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Counts the half minutes since 1970: the time that a code stands for (RFC 6238, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TotpStep(u64);

impl TotpStep {
    /// How long a code is shown, in seconds. Apps ignore any other.
    pub const SECONDS: u64 = 30;

    /// Wraps a count.
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// The step of a moment.
    pub fn of(now: Timestamp) -> Self {
        Self(u64::try_from(now.timestamp()).unwrap_or_default() / Self::SECONDS)
    }

    /// The count.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The steps whose codes are taken now: clocks of people differ, and typing takes time (RFC 6238, section 5.2).
    pub fn window(now: Timestamp) -> impl Iterator<Item = Self> {
        let Self(step) = Self::of(now);
        (step.saturating_sub(1)..=step + 1).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_apps_show_it() {
        for typed in ["123456", "123 456", " 123456 "] {
            assert_eq!(TotpCode::parse(typed).unwrap().expose(), "123456");
        }
        for typed in ["", "12345", "1234567", "12345a", "12-3456", "１２３４５６", "1 2 3 4 5 6     6"] {
            assert_eq!(TotpCode::parse(typed).unwrap_err().code, "invalid_code", "{typed}");
        }
    }

    #[test]
    fn a_window_has_three_steps() {
        let at = |seconds| Timestamp::from_timestamp(seconds, 0).unwrap();
        assert!(TotpStep::window(at(89)).eq([1, 2, 3].map(TotpStep)));
        assert!(TotpStep::window(at(90)).eq([2, 3, 4].map(TotpStep)));
        assert!(TotpStep::window(at(0)).eq([0, 1].map(TotpStep)));
    }
}
