//! What the queries of all lists have in common.

use std::ops::RangeInclusive;

use domain::ValidationError;

use super::fields::Fields;

/// Items on a page.
const PAGE_SIZES: RangeInclusive<u64> = 1..=100;
const DEFAULT_PAGE_SIZE: u64 = 20;

/// The most items on the page: `limit`, or another name for it.
pub(crate) fn page_size(fields: &mut Fields, name: &str) -> u64 {
    fields.optional(name, |text| parse_number(text, PAGE_SIZES)).unwrap_or(DEFAULT_PAGE_SIZE)
}

/// The `next_cursor` of the page before. What is none is found out by the use case.
pub(crate) fn cursor(fields: &mut Fields) -> Option<String> {
    fields.optional("cursor", |text| Ok(text.to_owned()))
}

/// A whole number within bounds.
pub(crate) fn parse_number(text: &str, bounds: RangeInclusive<u64>) -> Result<u64, ValidationError> {
    // `parse` would take "+1".
    let number = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    number.and_then(|text| text.parse().ok()).filter(|number| bounds.contains(number)).ok_or_else(|| {
        let message = format!("This must be a whole number from {} to {}.", bounds.start(), bounds.end());
        ValidationError::new("out_of_range", message)
    })
}
