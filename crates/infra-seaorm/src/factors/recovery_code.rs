use domain::factors::HashedRecoveryCode;
use domain::users::UserId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_codes")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) code: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

impl ActiveModel {
    pub(super) fn of(user: UserId, code: &HashedRecoveryCode) -> Self {
        Self { user_id: Set(user.as_uuid()), code: Set(code.as_bytes().to_vec()) }
    }
}
