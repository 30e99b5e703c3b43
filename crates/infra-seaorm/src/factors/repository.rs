use async_trait::async_trait;
use domain::factors::{FactorRepository, Grace, HashedRecoveryCode, TotpCode, TotpDevice, TotpDeviceId, TotpStep};
use domain::users::UserId;
use domain::{StoreError, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    UpdateMany,
};

use super::totp_device::number;
use super::{grace, recovery_code, totp_attempts, totp_device};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> FactorRepository for Store<C> {
    async fn insert_totp(&self, device: &TotpDevice) -> Result<(), StoreError> {
        self.insert_rows(totp_device::Entity::insert(totp_device::ActiveModel::from(device))).await.map(drop)
    }

    async fn list_totp(&self, user: UserId) -> Result<Vec<TotpDevice>, StoreError> {
        let of_user = totp_device::Entity::find()
            .filter(totp_device::Column::UserId.eq(user.as_uuid()))
            .order_by_asc(totp_device::Column::CreatedAt)
            .order_by_asc(totp_device::Column::Id);
        self.find_all(of_user).await
    }

    async fn use_totp(&self, id: TotpDeviceId, step: TotpStep) -> Result<bool, StoreError> {
        let is_fresh = Condition::any()
            .add(totp_device::Column::LastStep.is_null())
            .add(totp_device::Column::LastStep.lt(number(step)));
        let update = spending(id, step).filter(totp_device::Column::ConfirmedAt.is_not_null()).filter(is_fresh);
        Ok(self.update_rows(update).await? == 1)
    }

    async fn confirm_totp(&self, id: TotpDeviceId, step: TotpStep, now: Timestamp) -> Result<bool, StoreError> {
        let update = spending(id, step)
            .col_expr(totp_device::Column::ConfirmedAt, Expr::value(now))
            .filter(totp_device::Column::ConfirmedAt.is_null());
        Ok(self.update_rows(update).await? == 1)
    }

    async fn delete_totp(&self, user: UserId, id: TotpDeviceId) -> Result<bool, StoreError> {
        let delete = totp_device::Entity::delete_many()
            .filter(totp_device::Column::Id.eq(id.as_uuid()))
            .filter(totp_device::Column::UserId.eq(user.as_uuid()));
        Ok(self.delete_rows(delete).await? == 1)
    }

    async fn delete_unconfirmed_totp(&self, user: UserId) -> Result<u64, StoreError> {
        let delete = totp_device::Entity::delete_many()
            .filter(totp_device::Column::UserId.eq(user.as_uuid()))
            .filter(totp_device::Column::ConfirmedAt.is_null());
        self.delete_rows(delete).await
    }

    async fn take_totp_attempt(&self, user: UserId) -> Result<bool, StoreError> {
        let first = totp_attempts::ActiveModel { user_id: Set(user.as_uuid()), in_a_row: Set(1) };
        let column = || Expr::column((totp_attempts::Entity, totp_attempts::Column::InARow));
        let another = OnConflict::column(totp_attempts::Column::UserId)
            .value(totp_attempts::Column::InARow, column().add(1))
            .action_and_where(column().lt(TotpCode::MAX_IN_A_ROW))
            .to_owned();
        Ok(self.insert_rows(totp_attempts::Entity::insert(first).on_conflict(another)).await? == 1)
    }

    async fn forget_totp_attempts(&self, user: UserId) -> Result<(), StoreError> {
        let of_user = totp_attempts::Column::UserId.eq(user.as_uuid());
        self.delete_rows(totp_attempts::Entity::delete_many().filter(of_user)).await.map(drop)
    }

    async fn replace_recovery_codes(&self, user: UserId, codes: &[HashedRecoveryCode]) -> Result<(), StoreError> {
        self.delete_recovery_codes(user).await?;
        if codes.is_empty() {
            return Ok(());
        }
        let rows = codes.iter().map(|code| recovery_code::ActiveModel::of(user, code));
        let inserted = recovery_code::Entity::insert_many(rows).exec_without_returning(&self.connection).await;
        inserted.map(drop).map_err(|error| self.error(error))
    }

    async fn use_recovery_code(&self, user: UserId, code: &HashedRecoveryCode) -> Result<bool, StoreError> {
        let delete = recovery_code::Entity::delete_many()
            .filter(recovery_code::Column::UserId.eq(user.as_uuid()))
            .filter(recovery_code::Column::Code.eq(code.as_bytes().to_vec()));
        Ok(self.delete_rows(delete).await? == 1)
    }

    async fn count_recovery_codes(&self, user: UserId) -> Result<u64, StoreError> {
        let of_user = recovery_code::Entity::find().filter(recovery_code::Column::UserId.eq(user.as_uuid()));
        of_user.count(&self.connection).await.map_err(|error| self.error(error))
    }

    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError> {
        self.forget_totp_attempts(user).await?;
        let devices = totp_device::Entity::delete_many().filter(totp_device::Column::UserId.eq(user.as_uuid()));
        Ok(self.delete_rows(devices).await? + self.delete_recovery_codes(user).await?)
    }

    async fn find_grace(&self, user: UserId) -> Result<Option<Grace>, StoreError> {
        let of_user = grace::Entity::find_by_id(user.as_uuid()).select_only();
        // Under the name that logs know a row by.
        let columns = of_user.column_as(grace::Column::UserId, "id").column(grace::Column::BeganAt);
        self.find_one(columns.column(grace::Column::ResetAt)).await
    }

    async fn begin_grace(&self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        let row = grace::ActiveModel { user_id: Set(user.as_uuid()), began_at: Set(now), reset_at: Set(None) };
        let or_nothing = OnConflict::column(grace::Column::UserId).do_nothing().to_owned();
        self.insert_rows(grace::Entity::insert(row).on_conflict(or_nothing)).await.map(drop)
    }

    async fn note_reset(&self, user: UserId, at: Option<Timestamp>) -> Result<(), StoreError> {
        let update = grace::Entity::update_many()
            .col_expr(grace::Column::ResetAt, Expr::value(at))
            .filter(grace::Column::UserId.eq(user.as_uuid()));
        self.update_rows(update).await.map(drop)
    }
}

impl<C: ConnectionTrait + Send + Sync> Store<C> {
    async fn delete_recovery_codes(&self, user: UserId) -> Result<u64, StoreError> {
        let of_user = recovery_code::Column::UserId.eq(user.as_uuid());
        self.delete_rows(recovery_code::Entity::delete_many().filter(of_user)).await
    }
}

fn spending(id: TotpDeviceId, step: TotpStep) -> UpdateMany<totp_device::Entity> {
    totp_device::Entity::update_many()
        .col_expr(totp_device::Column::LastStep, Expr::value(number(step)))
        .filter(totp_device::Column::Id.eq(id.as_uuid()))
}
