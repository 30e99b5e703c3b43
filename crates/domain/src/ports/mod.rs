//! What the use cases ask of the world. Every trait is object-safe, and its docs are a contract: implementations
//! are held to each MUST by tests.

mod access_tokens;
mod clock;
mod health;
mod id_generator;
mod mac;
mod password_hasher;
mod refresh_tokens;
mod repository_error;
mod unit_of_work;
mod users;

pub use access_tokens::AccessTokens;
pub use clock::Clock;
pub use health::HealthCheck;
pub use id_generator::IdGenerator;
pub use mac::{Mac, MacPurpose, MacTag};
pub use password_hasher::{HashError, PasswordHasher, Verification};
pub use refresh_tokens::RefreshTokenRepository;
pub use repository_error::{RepositoryError, Source, UniqueField};
pub use unit_of_work::{UnitOfWork, UnitOfWorkFactory};
pub use users::UserRepository;

#[cfg(feature = "mocks")]
pub use {
    access_tokens::MockAccessTokens, clock::MockClock, health::MockHealthCheck, id_generator::MockIdGenerator,
    mac::MockMac, password_hasher::MockPasswordHasher, refresh_tokens::MockRefreshTokenRepository,
    users::MockUserRepository,
};
