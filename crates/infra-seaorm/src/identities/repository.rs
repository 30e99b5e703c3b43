use async_trait::async_trait;
use domain::StoreError;
use domain::identities::{Identity, IdentityId, IdentityRepository, ProviderAccount};
use domain::users::UserId;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> IdentityRepository for Store<C> {
    async fn insert(&self, identity: &Identity) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(identity))).await.map(drop)
    }

    async fn find(&self, account: &ProviderAccount) -> Result<Option<Identity>, StoreError> {
        let of_account =
            Entity::find().filter(Column::Issuer.eq(account.issuer())).filter(Column::Subject.eq(account.subject()));
        self.find_one(of_account).await
    }

    async fn list(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        let of_user = Entity::find().filter(Column::UserId.eq(user.as_uuid()));
        self.find_all(of_user.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id)).await
    }

    async fn delete(&self, user: UserId, id: IdentityId) -> Result<bool, StoreError> {
        let delete =
            Entity::delete_many().filter(Column::Id.eq(id.as_uuid())).filter(Column::UserId.eq(user.as_uuid()));
        Ok(self.delete_rows(delete).await? == 1)
    }

    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError> {
        self.delete_rows(Entity::delete_many().filter(Column::UserId.eq(user.as_uuid()))).await
    }
}
