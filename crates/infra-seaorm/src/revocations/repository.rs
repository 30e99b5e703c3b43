use async_trait::async_trait;
use domain::sessions::{RevocationRepository, Revoked};
use domain::{StoreError, Timestamp};
use sea_orm::sea_query::{LockBehavior, LockType, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Order, PaginatorTrait, QueryFilter};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> RevocationRepository for Store<C> {
    async fn insert(&self, revoked: &Revoked) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(revoked))).await.map(drop)
    }

    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        let batch = Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(Column::ExpiresAt.lte(before))
            .order_by(Column::ExpiresAt, Order::Asc)
            .limit(limit)
            // Leaves what others are deleting to them.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .to_owned();
        let delete = Entity::delete_many().filter(Column::Id.in_subquery(batch));
        self.delete_rows(delete).await
    }

    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError> {
        let expired = Entity::find().filter(Column::ExpiresAt.lte(before));
        expired.count(&self.connection).await.map_err(|error| self.error(error))
    }
}
