use std::fmt;

use domain::mail::Locale;
use domain::one_time_tokens::OneTimeTokenId;
use domain::passwords::PasswordHash;
use domain::registration::PendingAccount;
use domain::users::{Birthday, FullName, Profile, Username};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_accounts")]
pub(crate) struct Model {
    /// That of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) username: Option<String>,
    pub(crate) full_name: Option<String>,
    pub(crate) birthday: Option<Date>,
    pub(crate) locale: Option<String>,
    pub(crate) password_hash: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for PendingAccount {
    const TABLE: &'static str = "pending_accounts";

    fn from_row(row: &Row<'_>) -> Option<Self> {
        Some(PendingAccount {
            token_id: OneTimeTokenId::new(row.id()),
            profile: Profile {
                username: row.optional_text(Column::Username, Username::parse, Username::stored),
                full_name: row.optional_text(Column::FullName, FullName::parse, FullName::stored),
                birthday: row.get(Column::Birthday).map(Birthday::stored),
                locale: row.optional_text(Column::Locale, Locale::parse, Locale::stored),
            },
            password: row.get(Column::PasswordHash).map(PasswordHash::stored)?,
        })
    }
}

impl From<&PendingAccount> for ActiveModel {
    fn from(pending: &PendingAccount) -> Self {
        let profile = &pending.profile;
        Self {
            id: Set(pending.token_id.as_uuid()),
            username: Set(profile.username.as_ref().map(|username| username.as_str().to_owned())),
            full_name: Set(profile.full_name.as_ref().map(|name| name.as_str().to_owned())),
            birthday: Set(profile.birthday.map(Birthday::as_date)),
            locale: Set(profile.locale.as_ref().map(|locale| locale.as_str().to_owned())),
            password_hash: Set(pending.password.expose().to_owned()),
        }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("id", &self.id).finish_non_exhaustive()
    }
}
