use async_trait::async_trait;
use domain::one_time_tokens::{OneTimeToken, OneTimeTokenId, OneTimeTokenRepository, Purpose};
use domain::users::{Email, UserId};
use domain::{StoreError, Timestamp};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DeleteMany, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> OneTimeTokenRepository for Store<C> {
    async fn insert(&self, token: &OneTimeToken) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(token))).await.map(drop)
    }

    async fn find(&self, id: OneTimeTokenId) -> Result<Option<OneTimeToken>, StoreError> {
        self.find_one(Entity::find_by_id(id.as_uuid())).await
    }

    async fn find_latest(&self, purpose: Purpose, email: &Email) -> Result<Option<OneTimeToken>, StoreError> {
        let latest = Entity::find()
            .filter(Column::EmailKey.eq(email.key()))
            .filter(Column::Purpose.eq(purpose.as_str()))
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .limit(1);
        self.find_one(latest).await
    }

    async fn list(&self, user: UserId, limit: u64) -> Result<Vec<OneTimeToken>, StoreError> {
        let of_user = Entity::find().filter(Column::UserId.eq(user.as_uuid()));
        self.find_all(of_user.order_by_desc(Column::Id).limit(limit)).await
    }

    async fn consume(&self, id: OneTimeTokenId, now: Timestamp) -> Result<bool, StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::UsedAt, Expr::value(now))
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(Column::UsedAt.is_null())
            .filter(Column::ExpiresAt.gt(now));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn void_all(&self, user: UserId) -> Result<u64, StoreError> {
        self.delete_rows(Entity::delete_many().filter(Column::UserId.eq(user.as_uuid()))).await
    }

    async fn void_for_user(&self, purpose: Purpose, user: UserId) -> Result<u64, StoreError> {
        let of_user = Entity::delete_many()
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::Purpose.eq(purpose.as_str()));
        self.delete_rows(of_user).await
    }

    async fn lock_for_email(&self, purpose: Purpose, email: &Email) -> Result<u64, StoreError> {
        let of_email = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::EmailKey.eq(email.key()))
            .filter(Column::Purpose.eq(purpose.as_str()))
            .order_by_asc(Column::Id)
            .lock(LockType::Update)
            .into_query();
        let locked = self.connection.query_all(&of_email).await.map_err(|error| self.error(error))?;
        Ok(locked.len() as u64)
    }

    async fn void_for_email(
        &self,
        purpose: Purpose,
        email: &Email,
        except: Option<OneTimeTokenId>,
    ) -> Result<u64, StoreError> {
        let of_email =
            Entity::delete_many().filter(Column::EmailKey.eq(email.key())).filter(Column::Purpose.eq(purpose.as_str()));
        self.delete_rows(sparing(of_email, except)).await
    }

    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        self.delete_oldest::<Entity>(Column::Id, Column::ExpiresAt, before, limit).await
    }

    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.count_until::<Entity>(Column::ExpiresAt, before).await
    }
}

fn sparing(delete: DeleteMany<Entity>, except: Option<OneTimeTokenId>) -> DeleteMany<Entity> {
    match except {
        Some(id) => delete.filter(Column::Id.ne(id.as_uuid())),
        None => delete,
    }
}
