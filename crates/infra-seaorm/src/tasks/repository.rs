use async_trait::async_trait;
use domain::StoreError;
use domain::tasks::{Task, TaskId, TaskPosition, TaskQuery, TaskRepository, TaskStatus};
use domain::users::UserId;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

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
        let mut select = fitting(query.owner, query.status);
        if let Some(position) = query.after {
            select = select.filter(behind(position));
        }
        let select = select.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
        self.find_all(select.offset(query.offset).limit(query.limit)).await
    }

    async fn count(&self, owner: UserId, status: Option<TaskStatus>) -> Result<u64, StoreError> {
        fitting(owner, status).count(&self.connection).await.map_err(|error| self.error(error))
    }
}

fn fitting(owner: UserId, status: Option<TaskStatus>) -> Select<Entity> {
    let is_status = status.map(|status| Column::Status.eq(status.as_str()));
    Entity::find().filter(Condition::all().add(Column::OwnerId.eq(owner.as_uuid())).add_option(is_status))
}

/// The tasks after `position`. Compared as a pair, which both databases look up directly in an index.
fn behind(position: TaskPosition) -> Expr {
    let stored = Expr::tuple([Expr::column(Column::CreatedAt), Expr::column(Column::Id)]);
    stored.gt(Expr::tuple([Expr::value(position.created_at), Expr::value(position.id.as_uuid())]))
}
