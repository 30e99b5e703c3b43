use chrono::NaiveDate;

use crate::ValidationError;

/// Reads a full date as in RFC 3339, section 5.6, byte for byte: `1815-12-10`.
///
/// # Errors
/// `invalid_date`.
pub fn parse_date(text: &str) -> Result<NaiveDate, ValidationError> {
    full_date(text).ok_or_else(|| ValidationError::new("invalid_date", "A date must be written YYYY-MM-DD."))
}

/// By hand: `NaiveDate::parse_from_str` takes blanks, signs and missing zeros, too.
fn full_date(text: &str) -> Option<NaiveDate> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_one_form() {
        for text in ["0000-01-01", "1815-12-10", "2024-02-29", "9999-12-31"] {
            assert_eq!(parse_date(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "1990-1-2",
            "1990-1-02",
            " 1990-1-02",
            " 1990-01-02",
            "1990-01- 2",
            "1990- 1-02",
            "1990-+1-02",
            "+990-01-02",
            "-990-01-02",
            "+1990-01-02",
            "1990-01-02 ",
            "1990-01-02T00:00:00Z",
            "1990/01/02",
            "19900102",
            "1990\u{2010}01\u{2010}02",
            "1990\u{2212}01-02",
            "１９９０-01-02",
            "١٩٩٠-01",
            "2023-02-29",
            "1990-02-30",
            "1990-13-01",
            "1990-00-01",
        ] {
            assert_eq!(parse_date(text).unwrap_err().code, "invalid_date", "{text:?}");
        }
    }
}
