use async_trait::async_trait;
use domain::passwords::{PasswordHash, PasswordRepository};
use domain::users::{User, UserId, UserIdentifier};
use domain::{StoreError, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;
use crate::users::entity as user;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> PasswordRepository for Store<C> {
    async fn find_with_user(&self, whose: &UserIdentifier) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        let is_theirs = match whose {
            UserIdentifier::Id(id) => user::Column::Id.eq(id.as_uuid()),
            UserIdentifier::Email(email) => user::Column::EmailKey.eq(email.key()),
            UserIdentifier::Username(username) => user::Column::Username.eq(username.as_str()),
        };
        let select = user::Entity::find().filter(is_theirs).find_also_related(Entity);
        let found = select.one(&self.connection).await.map_err(|error| self.error(error))?;
        let Some((user, password)) = found else { return Ok(None) };
        Ok(Some((user.try_into()?, password.map(PasswordHash::try_from).transpose()?)))
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
}
