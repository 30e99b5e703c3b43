use thiserror::Error;

use crate::Timestamp;
use crate::access_tokens::TokenId;
use crate::clients::ClientId;
use crate::sessions::{Authentication, SessionId};
use crate::users::{Epoch, Role, UserId};

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
    /// `auth_time`, whole seconds, and `amr`: how the user proved last who they are. `None` in tokens of versions that did
    /// not write it.
    pub authentication: Option<Authentication>,
    /// `iat` and `nbf`, whole seconds.
    pub issued_at: Timestamp,
    /// `exp`, whole seconds.
    pub expires_at: Timestamp,
}

/// The access token is malformed, forged, expired or not ours. Callers return 401 and do not say which.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the access token is not valid")]
pub struct InvalidAccessToken;
