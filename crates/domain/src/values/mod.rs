//! Values that are valid once they exist: a private field, one way in, and a canonical form inside.

mod birthday;
mod client_secret_hash;
mod decimal;
mod email;
mod full_name;
mod long_text;
mod password;
mod password_hash;
mod root_secret;
mod search_text;
mod short_text;
mod task_description;
mod task_title;
mod username;

pub use birthday::Birthday;
pub use client_secret_hash::ClientSecretHash;
pub use decimal::Decimal;
pub use email::Email;
pub use full_name::FullName;
pub use long_text::LongText;
pub use password::{Password, PasswordPolicy};
pub use password_hash::PasswordHash;
pub use root_secret::RootSecret;
pub use search_text::{SearchText, search_key};
pub use short_text::ShortText;
pub use task_description::TaskDescription;
pub use task_title::TaskTitle;
pub use username::Username;

/// Why a text is not a valid value. Safe to show to whoever sent it.
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
