//! Passwords: what is asked of them, and how they are kept.

mod hash;
mod hasher;
mod password;
mod repository;

pub use hash::PasswordHash;
pub use hasher::{HashError, HashPlace, PasswordHasher, Verification};
pub use password::{Password, PasswordPolicy};
pub use repository::PasswordRepository;

#[cfg(feature = "mocks")]
pub use hasher::{MockHashPlace, MockPasswordHasher};
#[cfg(feature = "mocks")]
pub use repository::MockPasswordRepository;
