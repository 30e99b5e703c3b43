use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totp_attempts")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) user_id: Uuid,
    pub(super) in_a_row: i32,
}

impl ActiveModelBehavior for ActiveModel {}
