use async_trait::async_trait;
use thiserror::Error;

use crate::passwords::{NewPassword, Password, PasswordHash};

/// Hashes passwords with Argon2id (RFC 9106), off the threads that serve requests, for as many callers at a time as it
/// has places.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait PasswordHasher: Send + Sync {
    /// Takes a place. It MUST NOT wait: most of a storm of sign-ins is refused, and a refusal should cost next to
    /// nothing.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] when all places are taken.
    fn reserve(&self) -> Result<Box<dyn HashPlace>, HashError>;
}

/// A place at the hasher, for one password at a time. It MUST be given back once this was dropped and nothing is
/// computed for it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait HashPlace: Send {
    /// A new hash, with a random salt and the current parameters.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] when there is no memory for it.
    async fn hash(&mut self, password: &NewPassword) -> Result<PasswordHash, HashError>;

    /// The same for a password that is stored already, with a hash of other parameters. Call it only for one that
    /// [`HashPlace::verify`] just found to match, with an outdated hash: no policy is asked.
    ///
    /// # Errors
    /// Those of [`HashPlace::hash`].
    async fn rehash(&mut self, password: &Password) -> Result<PasswordHash, HashError>;

    /// Compares `password` with `stored`. With `None`, the case of an unknown user, it MUST take as long as with a hash
    /// of the current parameters and return a mismatch. A stored hash whose parameters exceed the configured cap MUST
    /// be refused without computing it.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] when there is no memory for it, [`HashError::Unusable`] for a stored hash that cannot
    /// be read or exceeds the cap.
    async fn verify(&mut self, password: &Password, stored: Option<PasswordHash>) -> Result<Verification, HashError>;
}

/// What came of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The password is right.
    Match {
        /// The stored hash has other parameters than a new one would: hash again.
        outdated: bool,
    },
    /// The password is wrong.
    Mismatch,
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, Error)]
pub enum HashError {
    /// All places are taken. The caller may try again in a second.
    #[error("too many passwords wait to be hashed")]
    Overloaded,
    /// The stored hash cannot be used. Trying again does not help.
    #[error("the stored password hash cannot be used: {0}")]
    Unusable(&'static str),
}
