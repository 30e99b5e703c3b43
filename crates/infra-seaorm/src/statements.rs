//! How repositories run their statements: with values of the domain for rows, and errors of the ports for SeaORM's.

use domain::StoreError;
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DeleteMany, EntityTrait, Insert, IntoActiveModel, Select, UpdateMany,
};

use crate::Store;

/// Keeps others from changing a row, but lets them insert rows that refer to it. SQLite knows no row locks and needs
/// none: its units of work run one at a time.
pub(crate) const ROW_LOCK: LockType = LockType::NoKeyUpdate;

impl<C: ConnectionTrait + Send + Sync> Store<C> {
    pub(crate) async fn find_one<E, T>(&self, select: Select<E>) -> Result<Option<T>, StoreError>
    where
        E: EntityTrait,
        T: TryFrom<E::Model, Error = StoreError>,
    {
        let row = select.one(&self.connection).await.map_err(|error| self.error(error))?;
        row.map(T::try_from).transpose()
    }

    pub(crate) async fn find_all<E, T>(&self, select: Select<E>) -> Result<Vec<T>, StoreError>
    where
        E: EntityTrait,
        T: TryFrom<E::Model, Error = StoreError>,
    {
        let rows = select.all(&self.connection).await.map_err(|error| self.error(error))?;
        rows.into_iter().map(T::try_from).collect()
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
}
