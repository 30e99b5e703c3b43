use async_trait::async_trait;
use domain::passwords::{PasswordHash, PasswordRepository};
use domain::users::{User, UserId, UserIdentifier};
use domain::{StoreError, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, QueryFilter, QueryResult, QueryTrait, SelectA, SelectB,
};

use super::entity::{ActiveModel, Column, Entity};
use crate::users::entity as user;
use crate::{Store, columns};

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> PasswordRepository for Store<C> {
    async fn find_with_user(&self, whose: &UserIdentifier) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        let is_theirs = match whose {
            UserIdentifier::Id(id) => user::Column::Id.eq(id.as_uuid()),
            UserIdentifier::Email(email) => user::Column::EmailKey.eq(email.key()),
            UserIdentifier::Username(username) => user::Column::Username.eq(username.as_str()),
        };
        let select = user::Entity::find().filter(is_theirs).find_also_related(Entity);
        let found = self.connection.query_one(&select.into_query()).await.map_err(|error| self.error(error))?;
        let Some(row) = found else { return Ok(None) };
        let Some(user) = columns::read::<User>(&row, SelectA.as_str()) else { return Ok(None) };
        Ok(Some((user, hash(&row))))
    }

    async fn store(&self, user: UserId, hash: &PasswordHash, changed_at: Timestamp) -> Result<(), StoreError> {
        let password = ActiveModel {
            user_id: Set(user.as_uuid()),
            hash: Set(hash.expose().to_owned()),
            changed_at: Set(changed_at),
        };
        let or_replace =
            OnConflict::column(Column::UserId).update_columns([Column::Hash, Column::ChangedAt]).to_owned();
        self.insert_rows(Entity::insert(password).on_conflict(or_replace)).await.map(drop)
    }

    async fn replace_hash(&self, user: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<bool, StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::Hash, Expr::value(new.expose()))
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::Hash.eq(old.expose()));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn remove(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.delete_rows(Entity::delete_many().filter(Column::UserId.eq(user.as_uuid()))).await? == 1)
    }
}

/// The hash beside a user, if there is one. What is not even a text is read as an empty one, which is not a hash
/// either.
fn hash(row: &QueryResult) -> Option<PasswordHash> {
    let text = columns::try_get(row, SelectB.as_str(), Column::Hash).unwrap_or_else(|_| Some(String::new()));
    text.map(PasswordHash::stored)
}
