use std::fmt;

use domain::one_time_tokens::OneTimeTokenId;
use domain::passwords::PasswordHash;
use domain::registration::PendingAccount;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};
use crate::users::entity as user;

/// The other columns of the table are those of a profile.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_accounts")]
pub(super) struct Model {
    /// That of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    pub(super) password_hash: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for PendingAccount {
    const TABLE: &'static str = "pending_accounts";

    fn from_row(row: &Row<'_>) -> Option<Self> {
        Some(PendingAccount {
            token_id: OneTimeTokenId::new(row.id()),
            profile: user::profile(row),
            password: row.get(Column::PasswordHash).map(PasswordHash::stored)?,
        })
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("id", &self.id).finish_non_exhaustive()
    }
}
