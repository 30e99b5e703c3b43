use async_trait::async_trait;
use domain::StoreError;
use domain::one_time_tokens::OneTimeTokenId;
use domain::registration::{PendingAccount, PendingAccountRepository};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::entity::{ActiveModel, Entity};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> PendingAccountRepository for Store<C> {
    async fn insert(&self, pending: &PendingAccount) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(pending))).await.map(drop)
    }

    async fn find(&self, token_id: OneTimeTokenId) -> Result<Option<PendingAccount>, StoreError> {
        self.find_one(Entity::find_by_id(token_id.as_uuid())).await
    }
}
