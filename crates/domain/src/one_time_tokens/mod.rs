//! One-time tokens: what is mailed to somebody so that they can prove that they hold the address.
//!
//! Each mail has a link with the token, and a short code for apps without links. Both are computed from the row, so
//! that neither is stored anywhere.

mod code;
mod one_time_token;
mod purpose;
mod repository;
mod text;

pub use code::{MAX_TYPED_CODE_BYTES, MailedCode};
pub use one_time_token::{NewOneTimeToken, OneTimeToken};
pub use purpose::Purpose;
pub use repository::OneTimeTokenRepository;
pub use text::PresentedOneTimeToken;

pub(crate) use code::{CODE_ALPHABET, read_code};

#[cfg(feature = "mocks")]
pub use repository::MockOneTimeTokenRepository;

use crate::Id;

/// Names a one-time token.
pub type OneTimeTokenId = Id<OneTimeToken>;
