use domain::factors::FactorName;
use domain::passkeys::{CredentialId, Passkey, PasskeyId, PasskeyPublicKey};
use domain::users::UserId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkeys")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) name: String,
    pub(super) name_key: String,
    pub(super) credential_id: Vec<u8>,
    pub(super) public_key: Vec<u8>,
    pub(super) sign_count: i64,
    pub(super) is_backup_eligible: bool,
    pub(super) is_backed_up: bool,
    pub(super) has_verified_user: bool,
    pub(super) created_at: DateTimeUtc,
    pub(super) last_used_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for Passkey {
    const TABLE: &'static str = "passkeys";

    /// Everything but the name and the times decides whether a passkey is accepted.
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let sign_count = row.get::<i64>(Column::SignCount)?.try_into();
        Some(Passkey {
            id: PasskeyId::new(row.id()),
            user_id: row.get(Column::UserId).map(UserId::new)?,
            name: row.text(Column::Name, FactorName::parse, FactorName::stored),
            credential_id: row.valid(Column::CredentialId, CredentialId::new(row.get(Column::CredentialId)?))?,
            public_key: row.get(Column::PublicKey).map(PasskeyPublicKey::new)?,
            sign_count: row.valid(Column::SignCount, sign_count)?,
            is_backup_eligible: row.get(Column::IsBackupEligible)?,
            is_backed_up: row.get(Column::IsBackedUp)?,
            has_verified_user: row.get(Column::HasVerifiedUser)?,
            created_at: row.optional_time(Column::CreatedAt).unwrap_or_default(),
            last_used_at: row.optional_time(Column::LastUsedAt),
        })
    }
}

impl From<&Passkey> for ActiveModel {
    fn from(passkey: &Passkey) -> Self {
        Self {
            id: Set(passkey.id.as_uuid()),
            user_id: Set(passkey.user_id.as_uuid()),
            name: Set(passkey.name.as_str().to_owned()),
            name_key: Set(passkey.name.key()),
            credential_id: Set(passkey.credential_id.as_bytes().to_vec()),
            public_key: Set(passkey.public_key.as_bytes().to_vec()),
            sign_count: Set(passkey.sign_count.into()),
            is_backup_eligible: Set(passkey.is_backup_eligible),
            is_backed_up: Set(passkey.is_backed_up),
            has_verified_user: Set(passkey.has_verified_user),
            created_at: Set(passkey.created_at),
            last_used_at: Set(passkey.last_used_at),
        }
    }
}
