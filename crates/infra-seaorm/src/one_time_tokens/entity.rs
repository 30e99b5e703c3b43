use domain::one_time_tokens::{OneTimeToken, OneTimeTokenId, Purpose};
use domain::users::{Email, UserId};
use domain::{Nonce, StoreError};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::corrupt;

const TABLE: &str = "one_time_tokens";

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
    pub(crate) nonce: Vec<u8>,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) expires_at: DateTimeUtc,
    pub(crate) used_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for OneTimeToken {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = row.id;
        Ok(OneTimeToken {
            id: OneTimeTokenId::new(id),
            purpose: Purpose::parse(&row.purpose).map_err(corrupt(TABLE, "purpose", id))?,
            user_id: row.user_id.map(UserId::new),
            email: Email::parse(&row.email).map_err(corrupt(TABLE, "email", id))?,
            nonce: row.nonce.try_into().map(Nonce::new).map_err(corrupt(TABLE, "nonce", id))?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
        })
    }
}

impl From<&OneTimeToken> for ActiveModel {
    fn from(token: &OneTimeToken) -> Self {
        Self {
            id: Set(token.id.as_uuid()),
            purpose: Set(token.purpose.as_str().to_owned()),
            user_id: Set(token.user_id.map(UserId::as_uuid)),
            email: Set(token.email.as_str().to_owned()),
            email_key: Set(token.email.key().to_owned()),
            nonce: Set(token.nonce.expose().to_vec()),
            created_at: Set(token.created_at),
            expires_at: Set(token.expires_at),
            used_at: Set(token.used_at),
        }
    }
}
