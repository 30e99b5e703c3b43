use async_trait::async_trait;
use domain::passwords::{PasswordHash, PasswordRepository};
use domain::users::{User, UserId, UserIdentifier};
use domain::{StoreError, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, QueryFilter, QueryResult, QueryTrait, SelectA, SelectB,
};
use tracing::error;

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
        let hash = hash(&row, user.id);
        Ok(Some((user, hash)))
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

/// The hash beside a user, if there is one. Another text than a hash is not the user's fault, and no reason to refuse
/// them in another way than those who have none: it is logged, and goes with the next password that is set.
fn hash(row: &QueryResult, user: UserId) -> Option<PasswordHash> {
    let text = row.try_get::<Option<String>>(SelectB.as_str(), "hash");
    let hash =
        text.map_err(drop).and_then(|text| text.map(|text| PasswordHash::parse(&text)).transpose().map_err(drop));
    if hash.is_err() {
        error!(table = "passwords", column = "hash", %user, "a user cannot sign in until their password hash is repaired");
    }
    hash.ok().flatten()
}
