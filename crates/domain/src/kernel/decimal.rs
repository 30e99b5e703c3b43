use std::fmt;

use crate::ValidationError;

/// An exact decimal number, such as an amount of money: up to 18 digits before the point and up to 10 behind it, the
/// zeros at its end included. `1.5` and `1.50` are two values, so that what was written is what is read; compare
/// [`Decimal::get`] where only the quantity counts.
#[derive(Clone, Copy, Debug)]
pub struct Decimal(rust_decimal::Decimal);

impl Decimal {
    /// Most digits before the point, not counting zeros in front.
    pub const MAX_INTEGER_DIGITS: usize = 18;
    /// Most digits behind the point.
    pub const MAX_FRACTION_DIGITS: usize = 10;
    /// Digits that survive the way through a double, whichever they are.
    const DOUBLE_DIGITS: usize = f64::DIGITS as usize;

    /// Reads digits with at most one point among them and perhaps a minus in front: `-12.50`.
    ///
    /// # Errors
    /// `invalid_decimal` when it is something else, `out_of_range` or `too_precise` when it has too many digits before
    /// the point or behind it.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (integer, fraction) = match unsigned.split_once('.') {
            Some((integer, fraction)) => (integer, Some(fraction)),
            None => (unsigned, None),
        };
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(integer) || !fraction.is_none_or(is_digits) {
            return Err(invalid());
        }
        if integer.trim_start_matches('0').len() > Self::MAX_INTEGER_DIGITS {
            let message =
                format!("This number must have at most {} digits before the point.", Self::MAX_INTEGER_DIGITS);
            return Err(ValidationError::new("out_of_range", message));
        }
        if fraction.unwrap_or_default().len() > Self::MAX_FRACTION_DIGITS {
            let message =
                format!("This number must have at most {} digits after the point.", Self::MAX_FRACTION_DIGITS);
            return Err(ValidationError::new("too_precise", message));
        }
        let mut number = text.parse::<rust_decimal::Decimal>().map_err(|_| invalid())?;
        if number.is_zero() {
            number.set_sign_positive(true);
        }
        Ok(Self(number))
    }

    /// Reads a number that was a double on its way, as numbers in JSON are (RFC 8259, section 6).
    ///
    /// # Errors
    /// `too_precise` with more than 15 significant digits, which a double may have changed; and as for `parse`.
    pub fn from_double(number: f64) -> Result<Self, ValidationError> {
        // The shortest text that stands for this double, without an exponent.
        let text = number.to_string();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.trim_matches('0').len() > Self::DOUBLE_DIGITS {
            let message = format!("A number of more than {} digits must be sent as a string.", Self::DOUBLE_DIGITS);
            return Err(ValidationError::new("too_precise", message));
        }
        Self::parse(&text)
    }

    /// The number, to calculate with.
    pub fn get(self) -> rust_decimal::Decimal {
        self.0
    }
}

fn invalid() -> ValidationError {
    ValidationError::new("invalid_decimal", "A number must be written with digits and a point, such as -12.50.")
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && self.0.scale() == other.0.scale()
    }
}

impl Eq for Decimal {}

/// Reads back by [`Decimal::parse`] as the same value.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(result: Result<Decimal, ValidationError>) -> &'static str {
        result.unwrap_err().code
    }

    #[test]
    fn keeps_every_digit() {
        for text in [
            "0",
            "0.00",
            "-12.50",
            "0.1",
            "0.0000000001",
            "999999999999999999.9999999999",
            "-999999999999999999.9999999999",
        ] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
        assert_ne!(Decimal::parse("1.5").unwrap(), Decimal::parse("1.50").unwrap());
        assert_eq!(Decimal::parse("1.5").unwrap().get(), Decimal::parse("1.50").unwrap().get());
    }

    #[test]
    fn has_one_form_for_each_value() {
        for (text, expected) in [("007", "7"), ("-0", "0"), ("-0.0", "0.0"), ("000000000000000000000.5", "0.5")] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn refuses_what_is_no_decimal_or_too_long() {
        for text in ["", "-", ".", "1.", ".5", "+1", "1e3", "1,5", "1_000", " 1", "NaN", "inf", "--1", "1.2.3", "١"] {
            assert_eq!(code(Decimal::parse(text)), "invalid_decimal", "{text:?}");
        }
        assert_eq!(code(Decimal::parse("1000000000000000000")), "out_of_range");
        assert_eq!(code(Decimal::parse("0.00000000001")), "too_precise");
    }

    #[test]
    fn doubles_are_believed_as_far_as_they_go() {
        for (number, expected) in
            [(12.5, "12.5"), (0.1, "0.1"), (-0.0, "0"), (1e17, "100000000000000000"), (1e-7, "0.0000001")]
        {
            assert_eq!(Decimal::from_double(number).unwrap().to_string(), expected);
        }
        assert_eq!(code(Decimal::from_double(0.1 + 0.2)), "too_precise");
        assert_eq!(code(Decimal::from_double(1e18)), "out_of_range");
        assert_eq!(code(Decimal::from_double(f64::MAX)), "too_precise");
        assert_eq!(code(Decimal::from_double(1e308)), "out_of_range");
        assert_eq!(code(Decimal::from_double(1e-11)), "too_precise");
        for number in [f64::NAN, f64::INFINITY] {
            assert_eq!(code(Decimal::from_double(number)), "invalid_decimal");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,10})?") {
            let number = Decimal::parse(&text).unwrap();
            prop_assert_eq!(Decimal::parse(&number.to_string()).unwrap(), number);
            prop_assert!(number.to_string() == text || number.get().is_zero());
        }

        #[test]
        fn fifteen_digits_survive_a_double(digits in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_u32..=10) {
            let expected = rust_decimal::Decimal::new(digits, scale);
            let double: f64 = expected.to_string().parse().unwrap();
            prop_assert_eq!(Decimal::from_double(double).unwrap().get(), expected);
        }
    }
}
