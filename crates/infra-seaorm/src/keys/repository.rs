use async_trait::async_trait;
use domain::keys::{KeyId, KeyState, SigningKey, SigningKeyRepository, StoredKeys};
use domain::{StoreError, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QueryTrait,
};

use super::entity::{ActiveModel, Column, Entity, read, times, token_ttl};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> SigningKeyRepository for Store<C> {
    async fn list(&self) -> Result<StoredKeys, StoreError> {
        let oldest_first = Entity::find().order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
        let rows = self.connection.query_all(&oldest_first.into_query()).await.map_err(|error| self.error(error))?;
        let mut stored = StoredKeys::default();
        for row in rows {
            match read(&row) {
                Ok(key) => stored.readable.push(key),
                Err(key) => stored.unreadable.push(key),
            }
        }
        Ok(stored)
    }

    async fn insert(&self, key: &SigningKey) -> Result<bool, StoreError> {
        let insert = Entity::insert(ActiveModel::from(key)).on_conflict(OnConflict::new().do_nothing().to_owned());
        Ok(self.insert_rows(insert).await? == 1)
    }

    async fn change_state(&self, id: KeyId, from: KeyState, to: KeyState) -> Result<bool, StoreError> {
        let (active_since, accepted_until) = times(to);
        let update = Entity::update_many()
            .col_expr(Column::State, Expr::value(to.name()))
            .col_expr(Column::ActiveSince, Expr::value(active_since))
            .col_expr(Column::AcceptedUntil, Expr::value(accepted_until))
            .col_expr(Column::TokenTtl, Expr::value(token_ttl(to)))
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(is_in(from));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn delete(&self, id: KeyId, from: KeyState) -> Result<bool, StoreError> {
        let delete = Entity::delete_many().filter(Column::Id.eq(id.as_uuid())).filter(is_in(from));
        Ok(self.delete_rows(delete).await? == 1)
    }

    async fn delete_all(&self) -> Result<u64, StoreError> {
        self.delete_rows(Entity::delete_many()).await
    }

    async fn delete_retired(&self, before: Timestamp) -> Result<u64, StoreError> {
        // It is set in retired keys only.
        let delete = Entity::delete_many().filter(Column::AcceptedUntil.lte(before));
        self.delete_rows(delete).await
    }

    async fn count_retired(&self, before: Timestamp) -> Result<u64, StoreError> {
        let retired = Entity::find().filter(Column::AcceptedUntil.lte(before));
        retired.count(&self.connection).await.map_err(|error| self.error(error))
    }
}

/// The keys in exactly this state, its times included.
fn is_in(state: KeyState) -> Condition {
    let (active_since, accepted_until) = times(state);
    let is_active = matches!(state, KeyState::Active { .. });
    let condition = Condition::all().add(Column::State.eq(state.name()));
    condition
        .add_option(is_active.then(|| Column::TokenTtl.eq(token_ttl(state))))
        .add_option(active_since.map(|since| Column::ActiveSince.eq(since)))
        .add_option(accepted_until.map(|until| Column::AcceptedUntil.eq(until)))
}
