use async_trait::async_trait;
use domain::events::{Event, EventRepository};
use domain::{StoreError, Timestamp};
use sea_orm::sea_query::{LockBehavior, LockType, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Order, PaginatorTrait, QueryFilter};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> EventRepository for Store<C> {
    async fn delete_older(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        let batch = Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(Column::At.lte(before))
            .order_by(Column::At, Order::Asc)
            .limit(limit)
            // Leaves what others are deleting to them.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .to_owned();
        let delete = Entity::delete_many().filter(Column::Id.in_subquery(batch));
        self.delete_rows(delete).await
    }

    async fn count_older(&self, before: Timestamp) -> Result<u64, StoreError> {
        let older = Entity::find().filter(Column::At.lte(before));
        older.count(&self.connection).await.map_err(|error| self.error(error))
    }
}

impl<C: ConnectionTrait + Send + Sync> Store<C> {
    pub(crate) async fn insert_event(&self, event: &Event) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(event))).await.map(drop)
    }
}
