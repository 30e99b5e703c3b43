//! Sessions: one sign-in on one device, kept as a refresh token.

mod authentication;
mod device_family;
mod refresh_token;
mod repository;
mod revocations;
mod revoked;
mod token;

pub use authentication::{Authentication, Method, Methods};
pub use device_family::DeviceFamily;
pub use refresh_token::{
    Device, Generation, NewRefreshToken, RefreshPolicy, RefreshToken, Revocation, RevocationReason, Rotation,
};
pub use repository::RefreshTokenRepository;
pub use revocations::{RevocationFeed, RevocationRepository};
pub use revoked::{Revoked, RevokedTokens};
pub use token::PresentedRefreshToken;

#[cfg(feature = "mocks")]
pub use {repository::MockRefreshTokenRepository, revocations::MockRevocationRepository};

use crate::Id;

/// Names a session: one sign-in on one device. It is the id of the session's refresh token and the `sid` claim of its
/// access tokens.
pub type SessionId = Id<RefreshToken>;
