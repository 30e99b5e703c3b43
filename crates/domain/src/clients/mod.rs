//! Clients: programs that may ask what a token is worth.

mod id;
mod secret_hash;
mod secrets;

pub use id::ClientId;
pub use secret_hash::ClientSecretHash;
pub use secrets::ClientSecrets;

#[cfg(feature = "mocks")]
pub use secrets::MockClientSecrets;
