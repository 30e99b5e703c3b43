//! What texts have in common. `what` begins a sentence: "A title".

use crate::ValidationError;

/// A line: trimmed, one character at least and `max` at most, no control characters.
pub(crate) fn line(text: &str, what: &str, max: usize) -> Result<String, ValidationError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ValidationError::new("too_short", format!("{what} must have at least one character.")));
    }
    require_length(text, what, max)?;
    if text.chars().any(char::is_control) {
        return Err(ValidationError::new("control_character", format!("{what} must have no control characters.")));
    }
    Ok(text.to_owned())
}

/// Lines, as they were written: `max` characters at most, of the control characters only tabs and line breaks.
pub(crate) fn lines(text: &str, what: &str, max: usize) -> Result<String, ValidationError> {
    require_length(text, what, max)?;
    if text.chars().any(|char| char.is_control() && !matches!(char, '\t' | '\n' | '\r')) {
        let message = format!("{what} must have no control characters but tabs and line breaks.");
        return Err(ValidationError::new("control_character", message));
    }
    Ok(text.to_owned())
}

fn require_length(text: &str, what: &str, max: usize) -> Result<(), ValidationError> {
    if text.chars().count() > max {
        return Err(ValidationError::new("too_long", format!("{what} must have at most {max} characters.")));
    }
    Ok(())
}
