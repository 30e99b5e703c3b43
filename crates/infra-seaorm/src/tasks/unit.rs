use async_trait::async_trait;
use domain::StoreError;
use domain::tasks::{TaskRepository, TaskUnit};
use domain::units::Begin;

use crate::{SqlConnections, Store, Transaction};

#[async_trait]
impl<C: SqlConnections> Begin<dyn TaskUnit> for Store<C> {
    async fn begin(&self) -> Result<Box<dyn TaskUnit>, StoreError> {
        Ok(Box::new(self.begin_unit().await?))
    }
}

impl<T: Transaction> TaskUnit for Store<T> {
    fn tasks(&self) -> &dyn TaskRepository {
        self
    }
}
