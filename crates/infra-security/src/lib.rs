//! What Hexauth asks of cryptography and of the operating system, behind the ports of `domain`.
//!
//! - [`Argon2Pool`]: hashes passwords on threads of its own, with bounded memory and a bounded queue.
//! - [`Hs256AccessTokens`]: writes and strictly reads access tokens.
//! - [`HmacSha256`]: tags for refresh tokens and cursors.
//! - [`SystemClock`] and [`SystemIds`]: the time and the randomness of the operating system.

mod access_token_claims;
mod access_token_header;
mod access_tokens;
mod argon2_recipe;
mod argon2_settings;
mod derived_keys;
mod hash_pool;
mod hash_queue;
mod hash_worker;
mod hmac;
mod ids;
mod random;
mod stored_hash;
mod system_clock;

pub use access_tokens::Hs256AccessTokens;
pub use argon2_settings::{Argon2Settings, InvalidArgon2Settings};
pub use derived_keys::generate_secret;
pub use hash_pool::Argon2Pool;
pub use hmac::HmacSha256;
pub use ids::SystemIds;
pub use system_clock::SystemClock;
