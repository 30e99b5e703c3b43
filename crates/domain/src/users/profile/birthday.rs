use chrono::{Datelike, NaiveDate};

use crate::{ValidationError, parse_date};

/// A date of birth: from 1900 on, and not in the future when it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birthday(NaiveDate);

impl Birthday {
    /// The first year that is believed.
    pub const MIN_YEAR: i32 = 1900;

    /// Reads a full date as in RFC 3339, section 5.6: `1815-12-10`. `today` is the caller's UTC date; a day of
    /// tolerance admits people ahead of UTC.
    ///
    /// # Errors
    /// `invalid_date` when it is not such a date, `out_of_range` before 1900 or in the future.
    pub fn parse(text: &str, today: NaiveDate) -> Result<Self, ValidationError> {
        let date = parse_date(text)?;
        let latest = today.succ_opt().unwrap_or(today);
        if date > latest {
            return Err(ValidationError::new("out_of_range", "A birthday must not be in the future."));
        }
        Self::new(date)
    }

    /// Takes a date as it is.
    ///
    /// # Errors
    /// `out_of_range` before 1900.
    pub fn new(date: NaiveDate) -> Result<Self, ValidationError> {
        if date.year() < Self::MIN_YEAR {
            let message = format!("A birthday must be in {} or later.", Self::MIN_YEAR);
            return Err(ValidationError::new("out_of_range", message));
        }
        Ok(Self(date))
    }

    /// Takes a stored date as it is, also one that would be refused today.
    pub const fn stored(date: NaiveDate) -> Self {
        Self(date)
    }

    /// The date.
    pub fn as_date(self) -> NaiveDate {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_up_to_today_only() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        for text in ["1900-01-01", "2024-02-29", "2026-11-21"] {
            assert_eq!(Birthday::parse(text, today).unwrap().as_date().to_string(), text);
        }
        for (text, code) in
            [("1899-12-31", "out_of_range"), ("2026-11-23", "out_of_range"), ("1990-1-2", "invalid_date")]
        {
            assert_eq!(Birthday::parse(text, today).unwrap_err().code, code, "{text:?}");
        }
    }
}
