use domain::identities::{Identity, IdentityId, ProviderAccount, ProviderName};
use domain::users::{Email, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identities")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) provider: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) email: Option<String>,
    pub(super) created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for Identity {
    const TABLE: &'static str = "identities";

    /// The account decides who signs in. The rest is for people.
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let account = ProviderAccount::parse(&row.get::<String>(Column::Issuer)?, &row.get::<String>(Column::Subject)?);
        let email = row.get::<String>(Column::Email);
        Some(Identity {
            id: IdentityId::new(row.id()),
            user_id: row.get(Column::UserId).map(UserId::new)?,
            provider: row.text(Column::Provider, ProviderName::parse, ProviderName::stored),
            account: row.valid(Column::Subject, account)?,
            email: email.and_then(|email| row.valid(Column::Email, Email::parse(&email))),
            created_at: row.get(Column::CreatedAt).unwrap_or_default(),
        })
    }
}

impl From<&Identity> for ActiveModel {
    fn from(identity: &Identity) -> Self {
        Self {
            id: Set(identity.id.as_uuid()),
            user_id: Set(identity.user_id.as_uuid()),
            provider: Set(identity.provider.as_str().to_owned()),
            issuer: Set(identity.account.issuer().to_owned()),
            subject: Set(identity.account.subject().to_owned()),
            email: Set(identity.email.as_ref().map(|email| email.as_str().to_owned())),
            created_at: Set(identity.created_at),
        }
    }
}
