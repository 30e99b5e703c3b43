//! Passwords: what is required of them, and how they are kept.

mod breached;
mod hash;
mod hasher;
mod new_password;
mod own_words;
mod password;
mod policy;
mod repository;
mod strength;

pub use breached::{BreachedListUnavailable, BreachedPasswords};
pub use hash::PasswordHash;
pub use hasher::{HashError, HashPlace, PasswordHasher, Verification};
pub use new_password::NewPassword;
pub use own_words::OwnWords;
pub use password::Password;
pub use policy::{Findings, PasswordPolicy, RefusedPassword};
pub use repository::PasswordRepository;
pub use strength::{Score, Strength, StrengthMeter};

#[cfg(feature = "mocks")]
pub use breached::MockBreachedPasswords;
#[cfg(feature = "mocks")]
pub use hasher::{MockHashPlace, MockPasswordHasher};
#[cfg(feature = "mocks")]
pub use repository::MockPasswordRepository;
#[cfg(feature = "mocks")]
pub use strength::MockStrengthMeter;
