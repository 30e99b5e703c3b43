use async_trait::async_trait;
use domain::providers::{BrowserMark, ProvenIdentity, ProviderFlow, ProviderFlowId, ProviderFlowRepository};
use domain::{StoreError, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, UpdateMany};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> ProviderFlowRepository for Store<C> {
    async fn insert(&self, flow: &ProviderFlow) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(flow))).await.map(drop)
    }

    async fn find(&self, id: ProviderFlowId) -> Result<Option<ProviderFlow>, StoreError> {
        self.find_one(Entity::find_by_id(id.as_uuid())).await
    }

    async fn open(&self, id: ProviderFlowId, browser: &BrowserMark, now: Timestamp) -> Result<bool, StoreError> {
        let update = of(id)
            .col_expr(Column::Browser, Expr::value(browser.as_bytes().to_vec()))
            .filter(Column::Browser.is_null())
            .filter(Column::ExpiresAt.gt(now));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn answer(&self, id: ProviderFlowId, now: Timestamp) -> Result<bool, StoreError> {
        let update = of(id)
            .col_expr(Column::AnsweredAt, Expr::value(now))
            .filter(Column::AnsweredAt.is_null())
            .filter(Column::ExpiresAt.gt(now));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn prove(
        &self,
        id: ProviderFlowId,
        proven: &ProvenIdentity,
        code_expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let email = proven.email.as_ref().map(|email| email.as_str().to_owned());
        let update = of(id)
            .col_expr(Column::Issuer, Expr::value(proven.account.issuer()))
            .col_expr(Column::Subject, Expr::value(proven.account.subject()))
            .col_expr(Column::Email, Expr::value(email))
            .col_expr(Column::EmailVerified, Expr::value(proven.email_verified))
            .col_expr(Column::CodeExpiresAt, Expr::value(code_expires_at))
            .filter(Column::AnsweredAt.is_not_null())
            .filter(Column::CodeExpiresAt.is_null());
        Ok(self.update_rows(update).await? == 1)
    }

    async fn redeem(&self, id: ProviderFlowId, now: Timestamp) -> Result<bool, StoreError> {
        let update = of(id)
            .col_expr(Column::RedeemedAt, Expr::value(now))
            .filter(Column::RedeemedAt.is_null())
            .filter(Column::CodeExpiresAt.gt(now));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        self.delete_oldest::<Entity>(Column::Id, Column::ExpiresAt, before, limit).await
    }

    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.count_until::<Entity>(Column::ExpiresAt, before).await
    }
}

fn of(id: ProviderFlowId) -> UpdateMany<Entity> {
    Entity::update_many().filter(Column::Id.eq(id.as_uuid()))
}
