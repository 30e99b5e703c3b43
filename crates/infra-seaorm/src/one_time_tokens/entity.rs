use domain::Nonce;
use domain::one_time_tokens::{OneTimeToken, OneTimeTokenId, Purpose};
use domain::sessions::Methods;
use domain::users::{Email, Epoch, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_tokens")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) purpose: String,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) email: String,
    pub(crate) email_key: String,
    /// Names of methods with blanks between them.
    pub(crate) proven: Option<String>,
    pub(crate) epoch: Option<i64>,
    pub(crate) nonce: Vec<u8>,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) expires_at: DateTimeUtc,
    pub(crate) used_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for OneTimeToken {
    const TABLE: &'static str = "one_time_tokens";

    /// Everything decides whether a token is accepted. Whether it was used, only the statement that uses it decides.
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let nonce = row.get::<Vec<u8>>(Column::Nonce)?.try_into();
        Some(OneTimeToken {
            id: OneTimeTokenId::new(row.id()),
            purpose: row.valid(Column::Purpose, Purpose::parse(&row.get::<String>(Column::Purpose)?))?,
            user_id: row.get(Column::UserId).map(UserId::new),
            email: row.valid(Column::Email, Email::parse(&row.get::<String>(Column::Email)?))?,
            proven: proven(row)?,
            epoch: epoch(row),
            nonce: row.valid(Column::Nonce, nonce).map(Nonce::new)?,
            created_at: row.get(Column::CreatedAt)?,
            expires_at: row.get(Column::ExpiresAt)?,
            used_at: row.get(Column::UsedAt),
        })
    }
}

/// The outer `None` if nobody can tell what was proven.
fn proven(row: &Row<'_>) -> Option<Option<Methods>> {
    let Some(names) = row.get::<String>(Column::Proven) else { return Some(None) };
    row.valid(Column::Proven, Methods::read(names.split(' '))).map(Some)
}

/// One that is not valid is that of no account.
fn epoch(row: &Row<'_>) -> Option<Epoch> {
    let epoch = u32::try_from(row.get::<i64>(Column::Epoch)?).map(Epoch::new);
    row.valid(Column::Epoch, epoch)
}

impl From<&OneTimeToken> for ActiveModel {
    fn from(token: &OneTimeToken) -> Self {
        Self {
            id: Set(token.id.as_uuid()),
            purpose: Set(token.purpose.as_str().to_owned()),
            user_id: Set(token.user_id.map(UserId::as_uuid)),
            email: Set(token.email.as_str().to_owned()),
            email_key: Set(token.email.key().to_owned()),
            proven: Set(token.proven.map(|methods| methods.names().join(" "))),
            epoch: Set(token.epoch.map(|epoch| epoch.get().into())),
            nonce: Set(token.nonce.expose().to_vec()),
            created_at: Set(token.created_at),
            expires_at: Set(token.expires_at),
            used_at: Set(token.used_at),
        }
    }
}
