use async_trait::async_trait;
use domain::factors::FactorName;
use domain::passkeys::{
    Ceremony, CeremonyId, CeremonyRepository, CredentialId, Passkey, PasskeyId, PasskeyRepository, PasskeyUse,
};
use domain::users::UserId;
use domain::{StoreError, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{ceremony, passkey};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> PasskeyRepository for Store<C> {
    async fn insert(&self, passkey: &Passkey) -> Result<(), StoreError> {
        self.insert_rows(passkey::Entity::insert(passkey::ActiveModel::from(passkey))).await.map(drop)
    }

    async fn list(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let of_user = passkey::Entity::find()
            .filter(passkey::Column::UserId.eq(user.as_uuid()))
            .order_by_asc(passkey::Column::CreatedAt)
            .order_by_asc(passkey::Column::Id);
        self.find_all(of_user).await
    }

    async fn find_by_credential(&self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        let named = passkey::Column::CredentialId.eq(credential.as_bytes().to_vec());
        self.find_one(passkey::Entity::find().filter(named)).await
    }

    async fn record_use(&self, id: PasskeyId, used: &PasskeyUse) -> Result<bool, StoreError> {
        let count = i64::from(used.sign_count);
        let mut is_higher = Condition::any().add(passkey::Column::SignCount.lt(count));
        if count == 0 {
            is_higher = is_higher.add(passkey::Column::SignCount.eq(0));
        }
        let mut update = passkey::Entity::update_many()
            .col_expr(passkey::Column::SignCount, Expr::value(count))
            .col_expr(passkey::Column::IsBackupEligible, Expr::value(used.is_backup_eligible))
            .col_expr(passkey::Column::IsBackedUp, Expr::value(used.is_backed_up))
            .col_expr(passkey::Column::LastUsedAt, Expr::value(used.at))
            .filter(passkey::Column::Id.eq(id.as_uuid()))
            .filter(is_higher);
        if used.is_user_verified {
            update = update.col_expr(passkey::Column::HasVerifiedUser, Expr::value(true));
        }
        Ok(self.update_rows(update).await? == 1)
    }

    async fn rename(&self, user: UserId, id: PasskeyId, name: &FactorName) -> Result<bool, StoreError> {
        let update = passkey::Entity::update_many()
            .col_expr(passkey::Column::Name, Expr::value(name.as_str()))
            .col_expr(passkey::Column::NameKey, Expr::value(name.key()))
            .filter(passkey::Column::Id.eq(id.as_uuid()))
            .filter(passkey::Column::UserId.eq(user.as_uuid()));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn delete(&self, user: UserId, id: PasskeyId) -> Result<bool, StoreError> {
        let delete = passkey::Entity::delete_many()
            .filter(passkey::Column::Id.eq(id.as_uuid()))
            .filter(passkey::Column::UserId.eq(user.as_uuid()));
        Ok(self.delete_rows(delete).await? == 1)
    }

    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError> {
        self.delete_rows(passkey::Entity::delete_many().filter(passkey::Column::UserId.eq(user.as_uuid()))).await
    }
}

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> CeremonyRepository for Store<C> {
    async fn insert(&self, ceremony: &Ceremony) -> Result<(), StoreError> {
        self.insert_rows(ceremony::Entity::insert(ceremony::ActiveModel::from(ceremony))).await.map(drop)
    }

    async fn take(&self, id: CeremonyId, now: Timestamp) -> Result<Option<Ceremony>, StoreError> {
        let Some(found) = self.find_one::<_, Ceremony>(ceremony::Entity::find_by_id(id.as_uuid())).await? else {
            return Ok(None);
        };
        let of_id = ceremony::Entity::delete_many().filter(ceremony::Column::Id.eq(id.as_uuid()));
        let is_taken = self.delete_rows(of_id).await? == 1;
        Ok(Some(found).filter(|found| is_taken && now < found.expires_at))
    }

    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        self.delete_oldest::<ceremony::Entity>(ceremony::Column::Id, ceremony::Column::ExpiresAt, before, limit).await
    }

    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.count_until::<ceremony::Entity>(ceremony::Column::ExpiresAt, before).await
    }
}
