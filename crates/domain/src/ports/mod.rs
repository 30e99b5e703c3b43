//! What the use cases ask of the world. Every trait is object-safe, and its docs are a contract: implementations
//! are held to each MUST by tests.

mod access_tokens;
mod client_secrets;
mod clock;
mod health;
mod id_generator;
mod mac;
mod password_hasher;
mod refresh_tokens;
mod repository_error;
mod revocations;
mod signing_keys;
mod tasks;
mod unit_of_work;
mod users;

pub use access_tokens::{AccessTokens, MAX_ACCESS_TOKEN_TTL, PublishedKeys, VerifyError};
pub use client_secrets::ClientSecrets;
pub use clock::Clock;
pub use health::HealthCheck;
pub use id_generator::IdGenerator;
pub use mac::{Mac, MacPurpose, MacTag};
pub use password_hasher::{HashError, HashPlace, PasswordHasher, Verification};
pub use refresh_tokens::RefreshTokenRepository;
pub use repository_error::{RepositoryError, Source};
pub use revocations::{RevocationFeed, RevocationRepository};
pub use signing_keys::{MAX_KEY_RING_AGE, SigningKeyFactory, SigningKeyRepository};
pub use tasks::TaskRepository;
pub use unit_of_work::{UnitOfWork, UnitOfWorkFactory};
pub use users::UserRepository;

#[cfg(feature = "mocks")]
pub use {
    access_tokens::MockAccessTokens,
    client_secrets::MockClientSecrets,
    clock::MockClock,
    health::MockHealthCheck,
    id_generator::MockIdGenerator,
    mac::MockMac,
    password_hasher::{MockHashPlace, MockPasswordHasher},
    refresh_tokens::MockRefreshTokenRepository,
    revocations::MockRevocationRepository,
    signing_keys::{MockSigningKeyFactory, MockSigningKeyRepository},
    tasks::MockTaskRepository,
    users::MockUserRepository,
};
