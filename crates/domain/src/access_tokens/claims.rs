use thiserror::Error;

use crate::access_tokens::TokenId;
use crate::clients::ClientId;
use crate::sessions::{Authentication, SessionId};
use crate::users::{Epoch, Role, UserId};
use crate::{Timestamp, ValidationError};

/// What an access token says about its holder (RFC 9068, section 2.2). Issuer and audience belong to the adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// `jti`: this token.
    pub id: TokenId,
    /// `client_id`: the client that the token was issued to. `None` in tokens of versions that did not write it.
    pub client_id: Option<ClientId>,
    /// `sub`: the user.
    pub user_id: UserId,
    /// `sid`: the session the token was issued for.
    pub session_id: SessionId,
    /// `role`: the user's role when the token was issued.
    pub role: Role,
    /// `epoch`: the user's epoch when the token was issued. A later epoch makes the token void.
    pub epoch: Epoch,
    /// `auth_time`, whole seconds, and `amr`: how the user proved last who they are. `None` in tokens of versions that
    /// did not write it.
    pub authentication: Option<Authentication>,
    /// `email_verified`: whether the user had proven the email when the token was issued (OpenID Connect Core 1.0,
    /// section 5.1). `None` where the operator does not ask for it.
    pub email_verified: Option<bool>,
    /// `iat` and `nbf`, whole seconds.
    pub issued_at: Timestamp,
    /// `exp`, whole seconds.
    pub expires_at: Timestamp,
}

/// A claim that access tokens have only where the operator asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionalClaim {
    /// [`AccessClaims::email_verified`].
    EmailVerified,
}

impl OptionalClaim {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::EmailVerified];

    /// Its name in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmailVerified => "email_verified",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `unknown_claim`.
    pub fn parse(name: &str) -> Result<Self, ValidationError> {
        let found = Self::ALL.into_iter().find(|claim| claim.as_str() == name);
        found.ok_or_else(|| ValidationError::new("unknown_claim", "A claim must be 'email_verified'."))
    }
}

/// The access token is malformed, forged, expired or not ours. Callers return 401 and do not say which.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the access token is not valid")]
pub struct InvalidAccessToken;
