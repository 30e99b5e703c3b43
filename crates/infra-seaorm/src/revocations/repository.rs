use async_trait::async_trait;
use domain::sessions::{RevocationRepository, Revoked};
use domain::{StoreError, Timestamp};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> RevocationRepository for Store<C> {
    async fn insert(&self, revoked: &Revoked) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(revoked))).await.map(drop)
    }

    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        self.delete_oldest::<Entity>(Column::Id, Column::ExpiresAt, before, limit).await
    }

    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.count_until::<Entity>(Column::ExpiresAt, before).await
    }
}
