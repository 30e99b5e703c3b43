//! How repositories run their statements: with values of the domain for rows, and errors of the ports for SeaORM's.

use domain::StoreError;
use sea_orm::sea_query::{Expr, LockBehavior, LockType, Query, QueryStatementBuilder};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DeleteMany, EntityTrait, Insert, IntoActiveModel, Iterable, Order,
    PaginatorTrait, PrimaryKeyToColumn, QueryFilter, QuerySelect, QueryTrait, Select, UpdateMany, Value,
};

use crate::columns::FromRow;
use crate::{Store, columns};

/// Keeps others from changing a row, but lets them insert rows that refer to it. SQLite knows no row locks and needs
/// none: its units of work run one at a time.
pub(crate) const ROW_LOCK: LockType = LockType::NoKeyUpdate;

/// What an update writes of a row that is `stored`: the columns that differ in `new`, and the id, so that it is never
/// nothing. All others stay as they are, so that what could not be read is not replaced by what it counts as.
pub(crate) fn differing<A: ActiveModelTrait>(stored: &A, mut new: A) -> A {
    for column in <A::Entity as EntityTrait>::Column::iter() {
        let is_id = <A::Entity as EntityTrait>::PrimaryKey::from_column(column).is_some();
        if !is_id && new.get(column) == stored.get(column) {
            new.not_set(column);
        }
    }
    new
}

/// The value of an expression in the row that fits, as the database has it.
pub(crate) fn stored(entity: impl EntityTrait, value: Expr, is_row: Expr) -> Expr {
    let select = Query::select().expr(value).from(entity).and_where(is_row).to_owned();
    Expr::SubQuery(None, Box::new(select.into_sub_query_statement()))
}

impl<C: ConnectionTrait + Send + Sync> Store<C> {
    pub(crate) async fn find_one<E: EntityTrait, T: FromRow>(
        &self,
        select: Select<E>,
    ) -> Result<Option<T>, StoreError> {
        let select = select.limit(1).into_query();
        let row = self.connection.query_one(&select).await.map_err(|error| self.error(error))?;
        Ok(row.and_then(|row| columns::read(&row, "")))
    }

    pub(crate) async fn find_all<E: EntityTrait, T: FromRow>(&self, select: Select<E>) -> Result<Vec<T>, StoreError> {
        let rows = self.connection.query_all(&select.into_query()).await.map_err(|error| self.error(error))?;
        Ok(rows.iter().filter_map(|row| columns::read(row, "")).collect())
    }

    /// Returns how many rows were added.
    pub(crate) async fn insert_rows<A>(&self, insert: Insert<A>) -> Result<u64, StoreError>
    where
        A: ActiveModelTrait,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        insert.exec_without_returning(&self.connection).await.map_err(|error| self.error(error))
    }

    /// Returns how many rows were changed.
    pub(crate) async fn update_rows<E: EntityTrait>(&self, update: UpdateMany<E>) -> Result<u64, StoreError> {
        let result = update.exec(&self.connection).await.map_err(|error| self.error(error))?;
        Ok(result.rows_affected)
    }

    /// Returns how many rows were removed.
    pub(crate) async fn delete_rows<E: EntityTrait>(&self, delete: DeleteMany<E>) -> Result<u64, StoreError> {
        let result = delete.exec(&self.connection).await.map_err(|error| self.error(error))?;
        Ok(result.rows_affected)
    }

    /// Deletes up to `limit` rows whose `time` is `before` or earlier, the oldest first, and returns how many. In the
    /// order of the column's index, since in any other PostgreSQL may read the whole table for each batch.
    pub(crate) async fn delete_oldest<E: EntityTrait>(
        &self,
        id: E::Column,
        time: E::Column,
        before: impl Into<Value> + Clone + Send,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let batch = Query::select()
            .column(id)
            .from(E::default())
            .and_where(time.lte(before.clone()))
            .order_by(time, Order::Asc)
            .limit(limit)
            // Leaves what others are changing, or deleting, for another time.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .to_owned();
        // Asked again, since a row may have changed after the batch was chosen.
        let delete = E::delete_many().filter(id.in_subquery(batch)).filter(time.lte(before));
        self.delete_rows(delete).await
    }

    /// How many rows [`Store::delete_oldest`] would remove if it had no limit.
    pub(crate) async fn count_until<E: EntityTrait>(
        &self,
        time: E::Column,
        before: impl Into<Value> + Send,
    ) -> Result<u64, StoreError>
    where
        E::Model: Sync,
    {
        E::find().filter(time.lte(before)).count(&self.connection).await.map_err(|error| self.error(error))
    }
}
