use std::sync::OnceLock;

use async_trait::async_trait;
use domain::sessions::{Authentication, Device, RefreshToken, RefreshTokenRepository, Revocation, SessionId};
use domain::users::{User, UserId};
use domain::{Nonce, StoreError, Timestamp};
use sea_orm::sea_query::{Expr, LockBehavior, LockType, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, SelectA, SelectB, Statement, UpdateMany,
};
use uuid::Uuid;

use super::entity::{ActiveModel, Column, Entity, amr};
use crate::users::entity as user;
use crate::{Store, columns};

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> RefreshTokenRepository for Store<C> {
    async fn insert(&self, token: &RefreshToken) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(token))).await.map(drop)
    }

    async fn find_with_user(&self, id: SessionId) -> Result<Option<(RefreshToken, User)>, StoreError> {
        let backend = self.connection.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, select_with_user(backend), [id.as_uuid().into()]);
        let row = self.connection.query_one_raw(statement).await.map_err(|error| self.error(error))?;
        let Some(row) = row else { return Ok(None) };
        Ok(columns::read(&row, SelectA.as_str()).zip(columns::read(&row, SelectB.as_str())))
    }

    async fn find_owner(&self, id: SessionId) -> Result<Option<(UserId, Nonce)>, StoreError> {
        let select =
            Entity::find_by_id(id.as_uuid()).select_only().columns([Column::Id, Column::UserId, Column::Nonce]);
        self.find_one(select).await
    }

    async fn list_live(&self, user_id: UserId, now: Timestamp, limit: u64) -> Result<Vec<RefreshToken>, StoreError> {
        let live = of_user(user_id, limit)
            .filter(Column::RevokedAt.is_null())
            .filter(Column::IdleExpiresAt.gt(now))
            .filter(Column::ExpiresAt.gt(now));
        self.find_all(live).await
    }

    async fn list(&self, user_id: UserId, limit: u64) -> Result<Vec<RefreshToken>, StoreError> {
        self.find_all(of_user(user_id, limit)).await
    }

    async fn list_devices(&self, user_id: UserId, limit: u64) -> Result<Vec<Device>, StoreError> {
        let user_agents = Entity::find()
            .select_only()
            .column(Column::UserAgent)
            .distinct()
            .filter(Column::UserId.eq(user_id.as_uuid()))
            .limit(limit)
            .into_query();
        let rows = self.connection.query_all(&user_agents).await.map_err(|error| self.error(error))?;
        // One that is not even a text tells nothing.
        let user_agent = |row| columns::try_get::<Option<String>>(row, "", Column::UserAgent).ok().flatten();
        Ok(rows.iter().map(|row| Device::new(user_agent(row).as_deref(), None)).collect())
    }

    async fn rotate(&self, next: &RefreshToken) -> Result<bool, StoreError> {
        let generation = i64::from(next.generation.get());
        let update = Entity::update_many()
            .col_expr(Column::Generation, Expr::value(generation))
            .col_expr(Column::RotatedAt, Expr::value(next.rotated_at))
            .col_expr(Column::LastUsedAt, Expr::value(next.last_used_at))
            .col_expr(Column::IdleExpiresAt, Expr::value(next.idle_expires_at))
            .filter(Column::Id.eq(next.id.as_uuid()))
            .filter(Column::Generation.eq(generation - 1))
            .filter(Column::RevokedAt.is_null());
        Ok(self.update_rows(update).await? == 1)
    }

    async fn revoke(&self, id: SessionId, revocation: Revocation) -> Result<bool, StoreError> {
        let update = revoking(revocation).filter(Column::Id.eq(id.as_uuid()));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn revoke_all(
        &self,
        user_id: UserId,
        except: Option<SessionId>,
        revocation: Revocation,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut update = revoking(revocation).filter(Column::UserId.eq(user_id.as_uuid()));
        if let Some(except) = except {
            update = update.filter(Column::Id.ne(except.as_uuid()));
        }
        let mut update = update.into_query();
        update.returning_col(Column::Id);
        let rows = self.connection.query_all(&update).await.map_err(|error| self.error(error))?;
        // No token names a session whose id cannot be read.
        Ok(rows.iter().filter_map(|row| row.try_get("", "id").ok()).map(SessionId::new).collect())
    }

    async fn record_authentication(
        &self,
        session: SessionId,
        authentication: Authentication,
    ) -> Result<bool, StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::AuthTime, Expr::value(authentication.at))
            .col_expr(Column::Amr, Expr::value(amr(authentication.methods)))
            .filter(Column::Id.eq(session.as_uuid()));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn record_use(
        &self,
        sessions: &[SessionId],
        at: Timestamp,
        unless_since: Timestamp,
    ) -> Result<(), StoreError> {
        for batch in sessions.chunks(RECORD_USE_BATCH) {
            self.update_rows(recording_use(batch, at, unless_since)).await?;
        }
        Ok(())
    }

    async fn delete_ended(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        // One column per statement: for both at once, PostgreSQL may read the whole table for each batch.
        let expired = self.delete_oldest::<Entity>(Column::Id, Column::IdleExpiresAt, before, limit).await?;
        let revoked = self.delete_oldest::<Entity>(Column::Id, Column::RevokedAt, before, limit - expired).await?;
        Ok(expired + revoked)
    }

    async fn count_ended(&self, before: Timestamp) -> Result<u64, StoreError> {
        let ended = Condition::any().add(Column::IdleExpiresAt.lte(before)).add(Column::RevokedAt.lte(before));
        Entity::find().filter(ended).count(&self.connection).await.map_err(|error| self.error(error))
    }
}

/// Those of a user, last used first.
fn of_user(user_id: UserId, limit: u64) -> Select<Entity> {
    Entity::find()
        .filter(Column::UserId.eq(user_id.as_uuid()))
        .order_by_desc(Column::LastUsedAt)
        .order_by_desc(Column::Id)
        .limit(limit)
}

/// How many sessions one statement notes as used.
const RECORD_USE_BATCH: usize = 100;

fn recording_use(sessions: &[SessionId], at: Timestamp, unless_since: Timestamp) -> UpdateMany<Entity> {
    let used_before = Column::LastUsedAt.lte(unless_since);
    // Repeating the last one keeps the statement's text the same for any number, so that it is prepared once.
    let padding = sessions.last().into_iter().cycle();
    let ids = sessions.iter().chain(padding).take(RECORD_USE_BATCH).map(|id| id.as_uuid());
    let batch = Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::Id.is_in(ids))
        .and_where(used_before.clone())
        // Whoever holds a row is using or ending its session. Waiting for it while holding others could lead to a
        // deadlock.
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
        .to_owned();
    Entity::update_many()
        .col_expr(Column::LastUsedAt, Expr::value(at))
        .filter(Column::Id.in_subquery(batch))
        .filter(used_before)
}

/// The text of the statement that each refresh begins with. It is built once.
fn select_with_user(backend: DbBackend) -> &'static str {
    static ON_POSTGRES: OnceLock<String> = OnceLock::new();
    static ON_SQLITE: OnceLock<String> = OnceLock::new();
    let text = if backend == DbBackend::Postgres { &ON_POSTGRES } else { &ON_SQLITE };
    text.get_or_init(|| Entity::find_by_id(Uuid::nil()).find_also_related(user::Entity).build(backend).sql)
}

/// Revokes the sessions that fit the filter that is added, except those that are revoked already.
fn revoking(revocation: Revocation) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(revocation.at))
        .col_expr(Column::RevokedReason, Expr::value(revocation.reason.as_str()))
        .filter(Column::RevokedAt.is_null())
}
