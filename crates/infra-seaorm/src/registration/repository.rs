use async_trait::async_trait;
use domain::StoreError;
use domain::one_time_tokens::OneTimeTokenId;
use domain::registration::{PendingAccount, PendingAccountRepository};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, IntoIden, Query};
use sea_orm::{ConnectionTrait, Value};

use super::entity::{Column, Entity};
use crate::users::entity::profile_columns;
use crate::{Store, columns};

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> PendingAccountRepository for Store<C> {
    async fn insert(&self, pending: &PendingAccount) -> Result<(), StoreError> {
        let own: [(_, Value); 2] = [
            (Column::Id.into_iden(), pending.token_id.as_uuid().into()),
            (Column::PasswordHash.into_iden(), pending.password.expose().into()),
        ];
        let profile = profile_columns(&pending.profile).map(|(column, value)| (column.into_iden(), value));
        let (columns, values): (Vec<_>, Vec<_>) = own.into_iter().chain(profile).unzip();
        let insert = Query::insert()
            .into_table(Entity)
            .columns(columns)
            .values_panic(values.into_iter().map(Expr::value))
            .to_owned();
        self.connection.execute(&insert).await.map(drop).map_err(|error| self.error(error))
    }

    async fn find(&self, token_id: OneTimeTokenId) -> Result<Option<PendingAccount>, StoreError> {
        let select = Query::select()
            .column(Asterisk)
            .from(Entity)
            .and_where(Expr::column(Column::Id).eq(token_id.as_uuid()))
            .to_owned();
        let row = self.connection.query_one(&select).await.map_err(|error| self.error(error))?;
        Ok(row.and_then(|row| columns::read(&row, "")))
    }
}
