use domain::factors::Grace;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factor_graces")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) user_id: Uuid,
    pub(super) began_at: DateTimeUtc,
    pub(super) reset_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for Grace {
    const TABLE: &'static str = "second_factor_graces";

    /// A beginning that cannot be read is long past: whoever must have a factor gets no time by it.
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let began_at = row.get(Column::BeganAt).unwrap_or(DateTimeUtc::UNIX_EPOCH);
        Some(Grace { began_at, reset_at: row.get(Column::ResetAt) })
    }
}
