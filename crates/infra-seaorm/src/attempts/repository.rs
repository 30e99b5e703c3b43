use async_trait::async_trait;
use domain::attempts::{AttemptCount, AttemptKey, AttemptLimit, AttemptRepository, Counted, Reservation};
use domain::users::UserId;
use domain::{StoreError, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, OnConflict};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, Insert, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;

/// So often a wait of a millisecond may double and still be a number that both databases hold.
const MAX_DOUBLINGS: i64 = 30;

/// The next attempt is taken, whenever it came: others may have been taken since.
const NO_WAIT: i64 = 0;

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> AttemptRepository for Store<C> {
    async fn reserve(&self, key: &AttemptKey, limit: &AttemptLimit, now: Timestamp) -> Result<Reservation, StoreError> {
        if self.insert_rows(reserving(key, limit, now)).await? == 1 {
            return Ok(Reservation::Taken);
        }
        // The count may be gone by now, and then the next attempt is taken.
        let find = Entity::find_by_id(key.as_bytes().to_vec());
        let row = find.one(&self.connection).await.map_err(|error| self.error(error))?;
        Ok(Reservation::Refused { free_at: row.map_or(now, |row| AttemptCount::from(row).free_at) })
    }

    async fn give_back(&self, key: &AttemptKey) -> Result<(), StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::Count, Expr::column(Column::Count).sub(1))
            .col_expr(Column::FreeAt, Expr::value(NO_WAIT))
            .filter(Column::Key.eq(key.as_bytes().to_vec()))
            .filter(Column::Count.gt(0));
        self.update_rows(update).await.map(drop)
    }

    async fn forget(&self, key: &AttemptKey) -> Result<bool, StoreError> {
        let delete = Entity::delete_many().filter(Column::Key.eq(key.as_bytes().to_vec()));
        Ok(self.delete_rows(delete).await? == 1)
    }

    async fn list(&self, user: UserId, others: &[AttemptKey], limit: u64) -> Result<Vec<Counted>, StoreError> {
        let select = Entity::find()
            .filter(is_of(user, others))
            .filter(Column::Count.gt(0))
            .order_by_desc(Column::LastAt)
            .limit(limit);
        let rows = select.all(&self.connection).await.map_err(|error| self.error(error))?;
        Ok(rows.into_iter().filter_map(|row| row.counted(others)).collect())
    }

    async fn forget_all(&self, user: UserId, others: &[AttemptKey]) -> Result<u64, StoreError> {
        self.delete_rows(Entity::delete_many().filter(is_of(user, others))).await
    }

    async fn delete_rested(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        self.delete_oldest::<Entity>(Column::Key, Column::LastAt, before.timestamp_millis(), limit).await
    }

    async fn count_rested(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.count_until::<Entity>(Column::LastAt, before.timestamp_millis()).await
    }
}

fn is_of(user: UserId, others: &[AttemptKey]) -> Condition {
    let others = others.iter().map(|key| key.as_bytes().to_vec());
    Condition::any().add(Column::UserId.eq(user.as_uuid())).add(Column::Key.is_in(others))
}

/// Counts an attempt, unless it comes before the wait is over. One statement, so that many at once are taken one by
/// one.
fn reserving(key: &AttemptKey, limit: &AttemptLimit, now: Timestamp) -> Insert<ActiveModel> {
    let first = ActiveModel {
        key: Set(key.as_bytes().to_vec()),
        count: Set(1),
        last_at: Set(now.timestamp_millis()),
        free_at: Set(if limit.free > 1 {
            NO_WAIT
        } else {
            now.timestamp_millis() + limit.first_delay.num_milliseconds()
        }),
        user_id: Set(key.user().map(|user| user.as_uuid())),
        attempted: Set(key.user().map(|_| key.attempted().as_text())),
        network: Set(key.user().and(key.network()).map(|network| network.to_string())),
    };
    let now = now.timestamp_millis();
    let stored = |column: Column| Expr::column((Entity, column));
    let is_rested = stored(Column::LastAt).lte(now - limit.forget_after.num_milliseconds());
    let count =
        || -> Expr { CaseStatement::new().case(is_rested.clone(), 1).finally(stored(Column::Count).add(1)).into() };
    // A wait that is longer than any comes of a clock that was set back. The clocks of nodes differ a little without
    // that.
    let is_free = stored(Column::FreeAt)
        .lte(now)
        .or(stored(Column::FreeAt).gt(now + (limit.max_delay + AttemptLimit::CLOCK_TOLERANCE).num_milliseconds()));
    let conflict = OnConflict::column(Column::Key)
        .value(Column::Count, count())
        .value(Column::LastAt, now)
        .value(Column::FreeAt, free_at(count, limit, now))
        .action_and_where(is_free)
        .to_owned();
    Entity::insert(first).on_conflict(conflict)
}

/// When the next one is taken after so many attempts, in milliseconds.
fn free_at(count: impl Fn() -> Expr, limit: &AttemptLimit, now: i64) -> Expr {
    let beyond = Func::least([count().sub(limit.free), Expr::value(MAX_DOUBLINGS)]);
    let doubled = Expr::value(limit.first_delay.num_milliseconds()).left_shift(Expr::expr(beyond).cast_as("integer"));
    let wait = Func::least([doubled, Expr::value(limit.max_delay.num_milliseconds())]);
    CaseStatement::new().case(count().lt(limit.free), NO_WAIT).finally(Expr::value(now).add(Expr::expr(wait))).into()
}
