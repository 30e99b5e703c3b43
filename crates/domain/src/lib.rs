//! Entities, values and ports of Hexauth.
//!
//! This crate is pure: no I/O, no clock, no randomness and no serialisation. Whatever it needs from outside it
//! asks for through a trait in [`ports`], and every other crate depends on this one, never the other way.
//!
//! - [`values`]: values that are valid once they exist ([`Email`], [`Username`], [`Password`], …).
//! - [`User`], [`RefreshToken`] and [`Task`]: the entities, with their transitions as pure functions.
//! - [`ports`]: what the use cases need from a database, a clock, a hasher. Their docs are contracts.

pub mod ports;
pub mod values;

mod access_token;
mod ids;
mod listing;
mod refresh_token;
mod refresh_token_format;
mod revoked;
mod secret;
mod signing_key;
mod task;
mod user;

#[cfg(feature = "mocks")]
pub mod mocks;

pub use access_token::{AccessClaims, InvalidAccessToken};
pub use ids::{KeyId, SessionId, TaskId, TokenId, UserId};
pub use listing::{Direction, SortKey, UserFilter, UserPosition, UserQuery, UserSort, UserSortField};
pub use refresh_token::{
    Device, Generation, NewRefreshToken, Nonce, RefreshPolicy, RefreshToken, Revocation, RevocationReason, Rotation,
};
pub use refresh_token_format::PresentedRefreshToken;
pub use revoked::{Revoked, RevokedTokens};
pub use secret::Secret;
pub use signing_key::{Algorithm, KeyState, SealedKey, SigningKey, StoredKeys, UnreadableKey};
pub use task::{Task, TaskPosition, TaskQuery, TaskStatus};
pub use user::{Epoch, Role, User};
pub use values::{
    Birthday, ClientSecretHash, Decimal, Email, FullName, LongText, Password, PasswordHash, PasswordPolicy, RootSecret,
    SearchText, ShortText, TaskDescription, TaskTitle, Username, ValidationError, search_key,
};

/// A moment in time, UTC. Ports that make one truncate it to microseconds, the precision every database keeps.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
