use std::net::IpAddr;

use domain::Nonce;
use domain::sessions::{
    Authentication, Device, Generation, Method, Methods, RefreshToken, Revocation, RevocationReason, SessionId,
};
use domain::users::UserId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

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
    /// `NULL` in rows of older versions: when the session began.
    pub(crate) auth_time: Option<DateTimeUtc>,
    /// Names with blanks between them. `NULL` in rows of older versions: a password.
    pub(crate) amr: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<String>,
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub(crate) user: HasOne<crate::users::entity::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for RefreshToken {
    const TABLE: &'static str = "refresh_tokens";

    /// Only the device may be wrong: everything else decides whether a token is accepted.
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let (user_id, nonce) = <(UserId, Nonce)>::from_row(row)?;
        let generation = u32::try_from(row.get::<i64>(Column::Generation)?);
        Some(RefreshToken {
            id: SessionId::new(row.id()),
            user_id,
            nonce,
            generation: row.valid(Column::Generation, generation).map(Generation::new)?,
            created_at: row.get(Column::CreatedAt)?,
            rotated_at: row.get(Column::RotatedAt)?,
            last_used_at: row.get(Column::LastUsedAt)?,
            idle_expires_at: row.get(Column::IdleExpiresAt)?,
            expires_at: row.get(Column::ExpiresAt)?,
            revocation: revocation(row)?,
            authentication: Authentication {
                at: row.get(Column::AuthTime).or_else(|| row.get(Column::CreatedAt))?,
                methods: methods(row)?,
            },
            device: device(row),
        })
    }
}

/// What it takes to tell whose a refresh token is.
impl FromRow for (UserId, Nonce) {
    const TABLE: &'static str = RefreshToken::TABLE;

    fn from_row(row: &Row<'_>) -> Option<Self> {
        let nonce = row.get::<Vec<u8>>(Column::Nonce)?.try_into();
        Some((UserId::new(row.get(Column::UserId)?), row.valid(Column::Nonce, nonce).map(Nonce::new)?))
    }
}

/// The outer `None` if nobody can tell whether it was revoked.
fn revocation(row: &Row<'_>) -> Option<Option<Revocation>> {
    let (at, reason) = (row.get(Column::RevokedAt), row.get::<String>(Column::RevokedReason));
    let reason = reason.map(|text| RevocationReason::parse(&text)).transpose().map_err(drop);
    let revocation = match (at, reason) {
        (Some(at), Ok(Some(reason))) => Ok(Some(Revocation { at, reason })),
        (None, Ok(None)) => Ok(None),
        _ => Err(()),
    };
    row.valid(Column::RevokedReason, revocation)
}

fn methods(row: &Row<'_>) -> Option<Methods> {
    let Some(names) = row.get::<String>(Column::Amr) else { return Some(Methods::only(Method::Password)) };
    row.valid(Column::Amr, Methods::read(names.split(' ')))
}

/// As they are stored.
pub(super) fn amr(methods: Methods) -> String {
    methods.names().join(" ")
}

fn device(row: &Row<'_>) -> Device {
    let (user_agent, address) = (row.get::<String>(Column::UserAgent), row.get::<String>(Column::Address));
    let address = address.and_then(|text| row.valid(Column::Address, text.parse::<IpAddr>()));
    Device::new(user_agent.as_deref(), address)
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
            auth_time: Set(Some(token.authentication.at)),
            amr: Set(Some(amr(token.authentication.methods))),
            user_agent: Set(token.device.user_agent().map(str::to_owned)),
            address: Set(token.device.address().map(|address| address.to_string())),
        }
    }
}
