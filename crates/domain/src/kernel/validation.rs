/// Why a text is not a valid value. Safe to show to the sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValidationError {
    /// A stable machine word, such as `too_short`.
    pub code: &'static str,
    /// One sentence for a person, without the offending text.
    pub message: String,
}

impl ValidationError {
    /// An error with this code and message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
