use async_trait::async_trait;
use domain::StoreError;
use domain::keys::{KeyUnit, SigningKeyRepository};
use domain::units::Begin;

use crate::{SqlConnections, Store, Transaction};

#[async_trait]
impl<C: SqlConnections> Begin<dyn KeyUnit> for Store<C> {
    async fn begin(&self) -> Result<Box<dyn KeyUnit>, StoreError> {
        Ok(Box::new(self.begin_unit().await?))
    }
}

impl<T: Transaction> KeyUnit for Store<T> {
    fn signing_keys(&self) -> &dyn SigningKeyRepository {
        self
    }
}
