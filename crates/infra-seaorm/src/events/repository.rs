use async_trait::async_trait;
use domain::events::{Event, EventRepository, RecordedEvent};
use domain::users::UserId;
use domain::{StoreError, Timestamp};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> EventRepository for Store<C> {
    async fn list_about(&self, user: UserId, limit: u64) -> Result<Vec<RecordedEvent>, StoreError> {
        let about = Entity::find().filter(Column::Subject.eq(user.as_uuid()));
        self.find_all(about.order_by_desc(Column::Id).limit(limit)).await
    }

    async fn delete_older(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        self.delete_oldest::<Entity>(Column::Id, Column::At, before, limit).await
    }

    async fn count_older(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.count_until::<Entity>(Column::At, before).await
    }
}

impl<C: ConnectionTrait + Send + Sync> Store<C> {
    pub(crate) async fn insert_event(&self, event: &Event) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(event))).await.map(drop)
    }
}
