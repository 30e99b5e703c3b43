//! Passwords: what is required of them, and how they are kept.

mod hash;
mod hasher;
mod new_password;
mod password;
mod policy;
mod repository;

pub use hash::PasswordHash;
pub use hasher::{HashError, HashPlace, PasswordHasher, Verification};
pub use new_password::NewPassword;
pub use password::Password;
pub use policy::PasswordPolicy;
pub use repository::PasswordRepository;

#[cfg(feature = "mocks")]
pub use hasher::{MockHashPlace, MockPasswordHasher};
#[cfg(feature = "mocks")]
pub use repository::MockPasswordRepository;
