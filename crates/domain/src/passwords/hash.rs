use std::fmt;

use crate::ValidationError;

/// A password hash in PHC string form (`$argon2id$v=19$m=…,t=…,p=…$salt$hash`), not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Most bytes that are read: well over what any hasher here writes.
    pub const MAX_BYTES: usize = 512;

    /// Takes a PHC string. Only its outer form is checked; the hasher knows the rest.
    ///
    /// # Errors
    /// `invalid_hash` when it does not start with `$` or is over [`PasswordHash::MAX_BYTES`].
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        if !text.starts_with('$') || text.len() > Self::MAX_BYTES {
            return Err(ValidationError::new("invalid_hash", "This must be a password hash in PHC form."));
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes a stored hash as it is, also one that is not a hash: the hasher tells.
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The PHC string.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
