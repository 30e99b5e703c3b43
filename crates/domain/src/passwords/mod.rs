//! Passwords: what is asked of them, and how they are kept.

mod hash;
mod hasher;
mod password;

pub use hash::PasswordHash;
pub use hasher::{HashError, HashPlace, PasswordHasher, Verification};
pub use password::{Password, PasswordPolicy};

#[cfg(feature = "mocks")]
pub use hasher::{MockHashPlace, MockPasswordHasher};
