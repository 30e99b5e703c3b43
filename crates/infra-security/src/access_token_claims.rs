use chrono::{DateTime, TimeDelta};
use domain::{AccessClaims, Epoch, InvalidAccessToken, Role, SessionId, Timestamp, TokenId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How far the clocks of two nodes may be apart.
pub(crate) const LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// The claims as they stand in the token (RFC 9068, section 2.2). Each is required and has one type, so that a number
/// in quotes, a fraction or a list of audiences is refused while reading.
#[derive(Deserialize, Serialize)]
pub(crate) struct WireClaims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    role: String,
    epoch: u32,
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
            sub: claims.user_id.to_string(),
            sid: claims.session_id.to_string(),
            role: claims.role.as_str().to_owned(),
            epoch: claims.epoch.get(),
            iat: claims.issued_at.timestamp(),
            nbf: claims.issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
            jti: claims.id.to_string(),
        }
    }

    /// Whether the token is for us, from us.
    pub(crate) fn is_between(&self, issuer: &str, audience: &str) -> bool {
        self.iss == issuer && self.aud == audience
    }

    /// The claims, where they hold at `now`.
    pub(crate) fn at(&self, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken> {
        let issued_at = read_time(self.iat)?;
        let expires_at = read_time(self.exp)?;
        let begun = read_time(self.nbf)? <= now + LEEWAY && issued_at <= now + LEEWAY;
        if !begun || expires_at <= now - LEEWAY {
            return Err(InvalidAccessToken);
        }
        Ok(AccessClaims {
            id: TokenId::new(read_uuid(&self.jti)?),
            user_id: UserId::new(read_uuid(&self.sub)?),
            session_id: SessionId::new(read_uuid(&self.sid)?),
            role: Role::parse(&self.role).map_err(|_| InvalidAccessToken)?,
            epoch: Epoch::new(self.epoch),
            issued_at,
            expires_at,
        })
    }
}

fn read_time(seconds: i64) -> Result<Timestamp, InvalidAccessToken> {
    DateTime::from_timestamp(seconds, 0).ok_or(InvalidAccessToken)
}

fn read_uuid(text: &str) -> Result<Uuid, InvalidAccessToken> {
    Uuid::try_parse(text).map_err(|_| InvalidAccessToken)
}
