use std::net::IpAddr;

use domain::sessions::{Device, Generation, RefreshToken, Revocation, RevocationReason, SessionId};
use domain::users::UserId;
use domain::{Nonce, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::corrupt;

const TABLE: &str = "refresh_tokens";

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) nonce: Vec<u8>,
    pub(crate) generation: i64,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) rotated_at: DateTimeUtc,
    pub(crate) last_used_at: DateTimeUtc,
    pub(crate) idle_expires_at: DateTimeUtc,
    pub(crate) expires_at: DateTimeUtc,
    pub(crate) revoked_at: Option<DateTimeUtc>,
    /// Set exactly when `revoked_at` is.
    pub(crate) revoked_reason: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<String>,
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub(crate) user: HasOne<crate::users::entity::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for RefreshToken {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = row.id;
        let reason = row.revoked_reason.as_deref().map(RevocationReason::parse).transpose();
        let reason = reason.map_err(corrupt(TABLE, "revoked_reason", id))?;
        let revocation = match (row.revoked_at, reason) {
            (Some(at), Some(reason)) => Some(Revocation { at, reason }),
            (None, None) => None,
            _ => return Err(corrupt(TABLE, "revoked_reason", id)(())),
        };
        let address = row.address.map(|text| text.parse::<IpAddr>()).transpose();
        Ok(RefreshToken {
            id: SessionId::new(id),
            user_id: UserId::new(row.user_id),
            nonce: row.nonce.try_into().map(Nonce::new).map_err(corrupt(TABLE, "nonce", id))?,
            generation: u32::try_from(row.generation).map(Generation::new).map_err(corrupt(
                "refresh_tokens",
                "generation",
                id,
            ))?,
            created_at: row.created_at,
            rotated_at: row.rotated_at,
            last_used_at: row.last_used_at,
            idle_expires_at: row.idle_expires_at,
            expires_at: row.expires_at,
            revocation,
            device: Device::new(row.user_agent.as_deref(), address.map_err(corrupt(TABLE, "address", id))?),
        })
    }
}

impl From<&RefreshToken> for ActiveModel {
    fn from(token: &RefreshToken) -> Self {
        Self {
            id: Set(token.id.as_uuid()),
            user_id: Set(token.user_id.as_uuid()),
            nonce: Set(token.nonce.expose().to_vec()),
            generation: Set(i64::from(token.generation.get())),
            created_at: Set(token.created_at),
            rotated_at: Set(token.rotated_at),
            last_used_at: Set(token.last_used_at),
            idle_expires_at: Set(token.idle_expires_at),
            expires_at: Set(token.expires_at),
            revoked_at: Set(token.revocation.map(|revocation| revocation.at)),
            revoked_reason: Set(token.revocation.map(|revocation| revocation.reason.as_str().to_owned())),
            user_agent: Set(token.device.user_agent().map(str::to_owned)),
            address: Set(token.device.address().map(|address| address.to_string())),
        }
    }
}
