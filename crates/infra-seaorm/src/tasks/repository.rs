use async_trait::async_trait;
use domain::StoreError;
use domain::tasks::{Task, TaskId, TaskPosition, TaskQuery, TaskRepository};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;
use crate::statements::ROW_LOCK;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> TaskRepository for Store<C> {
    async fn insert(&self, task: &Task) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(task))).await.map(drop)
    }

    async fn find_by_id(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.find_one(Entity::find_by_id(id.as_uuid())).await
    }

    async fn find_by_id_for_update(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.find_one(Entity::find_by_id(id.as_uuid()).lock(ROW_LOCK)).await
    }

    async fn update(&self, task: &Task) -> Result<(), StoreError> {
        let update = Entity::update_many().set(ActiveModel::from(task)).filter(Column::Id.eq(task.id.as_uuid()));
        if self.update_rows(update).await? == 1 { Ok(()) } else { Err(StoreError::NotFound) }
    }

    async fn delete(&self, id: TaskId) -> Result<bool, StoreError> {
        let delete = Entity::delete_many().filter(Column::Id.eq(id.as_uuid()));
        Ok(self.delete_rows(delete).await? == 1)
    }

    async fn list(&self, query: &TaskQuery) -> Result<Vec<Task>, StoreError> {
        let mut select = Entity::find().filter(Column::OwnerId.eq(query.owner.as_uuid()));
        if let Some(status) = query.status {
            select = select.filter(Column::Status.eq(status.as_str()));
        }
        if let Some(position) = query.after {
            select = select.filter(behind(position));
        }
        let select = select.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).limit(query.limit);
        self.find_all(select).await
    }
}

/// The tasks after `position`. Compared as a pair, which both databases look up directly in an index.
fn behind(position: TaskPosition) -> Expr {
    let stored = Expr::tuple([Expr::column(Column::CreatedAt), Expr::column(Column::Id)]);
    stored.gt(Expr::tuple([Expr::value(position.created_at), Expr::value(position.id.as_uuid())]))
}
