//! What Hexauth needs of cryptography and of the operating system, behind the ports of `domain`.
//!
//! - [`Argon2Pool`]: hashes passwords on threads of its own, with bounded memory and a bounded queue.
//! - [`ZxcvbnMeter`]: tells how hard a password is to guess, off the threads that serve requests.
//! - [`BreachedFile`]: a file of breached passwords that is searched in place.
//! - [`KeyRing`]: signs access tokens, and reads them with the crate `access-token`; follows the keys of all nodes.
//! - [`SealedKeys`]: makes signing keys, and seals them for the database.
//! - [`ConfiguredClients`]: knows the secrets of clients.
//! - [`SealedTotp`]: makes and seals the secrets of authenticator apps, and computes their codes.
//! - [`SealedResponses`]: seals what the forms of identity providers bring.
//! - [`HmacSha256`]: tags for refresh tokens, one-time tokens and their codes, and the keys of counts of attempts.
//! - [`Sha256Challenges`]: code challenges, by which whoever ends something proves that they began it.
//! - [`SystemClock`] and [`SystemIds`]: the time and the randomness of the operating system.

mod argon2_recipe;
mod argon2_settings;
mod breached_file;
mod breached_import;
mod code_challenges;
mod configured_clients;
mod derived_keys;
mod generated_password;
mod hash_place;
mod hash_pool;
mod hash_queue;
mod hash_worker;
mod hmac;
mod ids;
mod key_ring;
mod loaded_keys;
mod opened_key;
mod random;
mod refusals;
mod seal;
mod sealed_keys;
mod sealed_responses;
mod stored_hash;
mod system_clock;
#[cfg(test)]
mod testing;
mod totp;
mod zxcvbn_meter;

pub use argon2_settings::{Argon2Settings, InvalidArgon2Settings};
pub use breached_file::{BreachedFile, BreachedFileError};
pub use breached_import::{ImportError, import_breached};
pub use code_challenges::Sha256Challenges;
pub use configured_clients::ConfiguredClients;
pub use derived_keys::generate_secret;
pub use generated_password::generate_password;
pub use hash_pool::Argon2Pool;
pub use hash_queue::HashLoad;
pub use hmac::HmacSha256;
pub use ids::SystemIds;
pub use key_ring::KeyRing;
pub use sealed_keys::SealedKeys;
pub use sealed_responses::SealedResponses;
pub use system_clock::SystemClock;
pub use totp::SealedTotp;
pub use zxcvbn_meter::ZxcvbnMeter;
