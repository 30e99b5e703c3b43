use chrono::DateTime;
use domain::Timestamp;
use domain::access_tokens::{AccessClaims, InvalidAccessToken, TokenId};
use domain::clients::ClientId;
use domain::sessions::{Authentication, Methods, SessionId};
use domain::users::{Epoch, Role, UserId};
use serde::{Deserialize, Deserializer, Serialize};

use crate::part::{read_part, write_part};
use crate::uuid_text::read_uuid;

/// The claims as they stand in the token (RFC 9068, section 2.2). Each has one type, so that a number in quotes, a
/// fraction or a list of audiences is refused while reading. Each is required except `client_id`, `auth_time` and
/// `amr`, which nodes of the previous version do not write, and `email_verified`, which operators ask for. Which client
/// `client_id` names is not checked, since section 4 does not ask for that.
#[derive(Deserialize, Serialize)]
pub(crate) struct WireClaims {
    iss: String,
    aud: String,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    sub: String,
    sid: String,
    role: String,
    epoch: u32,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    amr: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

impl WireClaims {
    pub(crate) fn new(claims: &AccessClaims, issuer: &str, audience: &str) -> Self {
        Self {
            iss: issuer.to_owned(),
            aud: audience.to_owned(),
            client_id: claims.client_id.as_ref().map(ClientId::to_string),
            sub: claims.user_id.to_string(),
            sid: claims.session_id.to_string(),
            role: claims.role.as_str().to_owned(),
            epoch: claims.epoch.get(),
            auth_time: claims.authentication.map(|it| it.at.timestamp()),
            amr: claims.authentication.map(|it| it.methods.names().into_iter().map(str::to_owned).collect()),
            email_verified: claims.email_verified,
            iat: claims.issued_at.timestamp(),
            nbf: claims.issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
            jti: claims.id.to_string(),
        }
    }

    /// Reads the second part of a token.
    pub(crate) fn read(part: &str) -> Result<Self, InvalidAccessToken> {
        read_part(part)
    }

    /// The second part of a token.
    pub(crate) fn write(&self) -> String {
        write_part(self)
    }

    /// Whether the token is for us, from us.
    pub(crate) fn is_between(&self, issuer: &str, audience: &str) -> bool {
        self.iss == issuer && self.aud == audience
    }

    /// When the token begins to count: at `nbf` and not before `iat`.
    pub(crate) fn begins_at(&self) -> Result<Timestamp, InvalidAccessToken> {
        Ok(read_time(self.nbf)?.max(read_time(self.iat)?))
    }

    pub(crate) fn into_access_claims(self) -> Result<AccessClaims, InvalidAccessToken> {
        Ok(AccessClaims {
            id: TokenId::new(read_uuid(&self.jti)?),
            client_id: self.client_id.as_deref().map(ClientId::parse).transpose().map_err(|_| InvalidAccessToken)?,
            user_id: UserId::new(read_uuid(&self.sub)?),
            session_id: SessionId::new(read_uuid(&self.sid)?),
            role: Role::parse(&self.role).map_err(|_| InvalidAccessToken)?,
            epoch: Epoch::new(self.epoch),
            authentication: read_authentication(self.auth_time, self.amr)?,
            email_verified: self.email_verified,
            issued_at: read_time(self.iat)?,
            expires_at: read_time(self.exp)?,
        })
    }
}

/// Reads a value, and rejects `null`.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn read_authentication(
    auth_time: Option<i64>,
    amr: Option<Vec<String>>,
) -> Result<Option<Authentication>, InvalidAccessToken> {
    let (Some(auth_time), Some(amr)) = (auth_time, amr) else { return Ok(None) };
    let methods = Methods::read(amr.iter().map(String::as_str)).map_err(|_| InvalidAccessToken)?;
    Ok(Some(Authentication { at: read_time(auth_time)?, methods }))
}

/// Reads seconds since 1970. None of our tokens is older.
fn read_time(seconds: i64) -> Result<Timestamp, InvalidAccessToken> {
    if seconds < 0 {
        return Err(InvalidAccessToken);
    }
    DateTime::from_timestamp(seconds, 0).ok_or(InvalidAccessToken)
}
