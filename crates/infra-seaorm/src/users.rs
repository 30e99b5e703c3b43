use async_trait::async_trait;
use domain::ports::{RepositoryError, UserRepository};
use domain::{
    Direction, Email, Epoch, PasswordHash, Role, SortKey, Timestamp, User, UserFilter, UserId, UserPosition, UserQuery,
    UserSort, UserSortField, Username, search_key,
};
use sea_orm::sea_query::{Expr, LikeExpr, LockType, NullOrdering};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select, Value,
};
use uuid::Uuid;

use crate::Store;
use crate::entities::user::{ActiveModel, Column, Entity};

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> UserRepository for Store<C> {
    async fn insert(&self, user: &User) -> Result<(), RepositoryError> {
        let insert = Entity::insert(ActiveModel::from(user));
        insert.exec_without_returning(&self.connection).await.map(drop).map_err(|error| self.error(error))
    }

    async fn find_by_id(&self, id: UserId) -> Result<Option<User>, RepositoryError> {
        self.find_one(Entity::find_by_id(id.as_uuid())).await
    }

    async fn find_by_id_for_update(&self, id: UserId) -> Result<Option<User>, RepositoryError> {
        self.find_one(Entity::find_by_id(id.as_uuid()).lock(ROW_LOCK)).await
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, RepositoryError> {
        self.find_one(Entity::find().filter(Column::EmailKey.eq(email.key()))).await
    }

    async fn find_by_username(&self, username: &Username) -> Result<Option<User>, RepositoryError> {
        self.find_one(Entity::find().filter(Column::Username.eq(username.as_str()))).await
    }

    async fn lock_active_admins(&self) -> Result<Vec<UserId>, RepositoryError> {
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Role.eq(Role::Admin.as_str()))
            .filter(Column::IsActive.eq(true))
            // Everybody takes the locks in the same order, so that nobody waits in a circle.
            .order_by_asc(Column::Id)
            .lock(ROW_LOCK)
            .into_tuple()
            .all(&self.connection)
            .await
            .map_err(|error| self.error(error))?;
        Ok(ids.into_iter().map(UserId::new).collect())
    }

    async fn update(&self, user: &User) -> Result<(), RepositoryError> {
        let update = Entity::update_many().set(ActiveModel::from(user)).filter(Column::Id.eq(user.id.as_uuid()));
        let result = update.exec(&self.connection).await.map_err(|error| self.error(error))?;
        if result.rows_affected == 1 { Ok(()) } else { Err(RepositoryError::NotFound) }
    }

    async fn record_login(
        &self,
        id: UserId,
        epoch: Epoch,
        at: Timestamp,
        rehashed: Option<PasswordHash>,
    ) -> Result<bool, RepositoryError> {
        let mut update = Entity::update_many()
            .col_expr(Column::LastLogin, Expr::value(at))
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(Column::Epoch.eq(i64::from(epoch.get())))
            .filter(Column::IsActive.eq(true));
        if let Some(hash) = rehashed {
            update = update.col_expr(Column::PasswordHash, Expr::value(hash.expose()));
        }
        let result = update.exec(&self.connection).await.map_err(|error| self.error(error))?;
        Ok(result.rows_affected == 1)
    }

    async fn delete(&self, id: UserId) -> Result<bool, RepositoryError> {
        // The sessions and the tasks go with it, by the foreign keys.
        let delete = Entity::delete_many().filter(Column::Id.eq(id.as_uuid()));
        let result = delete.exec(&self.connection).await.map_err(|error| self.error(error))?;
        Ok(result.rows_affected == 1)
    }

    async fn list(&self, query: &UserQuery) -> Result<Vec<User>, RepositoryError> {
        let mut select = ordered(Entity::find().filter(fitting(&query.filter)), query.sort);
        if let Some(position) = &query.after {
            select = select.filter(behind(position, query.sort.direction));
        }
        if query.offset > 0 {
            select = select.offset(query.offset);
        }
        let rows = select.limit(query.limit).all(&self.connection).await.map_err(|error| self.error(error))?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn count(&self, filter: &UserFilter) -> Result<u64, RepositoryError> {
        let fitting = Entity::find().filter(fitting(filter));
        fitting.count(&self.connection).await.map_err(|error| self.error(error))
    }
}

/// Keeps others from changing a row, but lets them insert rows that refer to it. SQLite knows no row locks and needs
/// none: its units of work run one at a time.
const ROW_LOCK: LockType = LockType::NoKeyUpdate;

impl<C: ConnectionTrait + Send + Sync> Store<C> {
    async fn find_one(&self, select: Select<Entity>) -> Result<Option<User>, RepositoryError> {
        let row = select.one(&self.connection).await.map_err(|error| self.error(error))?;
        row.map(User::try_from).transpose()
    }
}

fn fitting(filter: &UserFilter) -> Condition {
    let mut condition = Condition::all();
    if let Some(q) = &filter.q {
        // PostgreSQL has no NUL in its texts, and SQLite ends a pattern there.
        if q.contains('\0') {
            return Condition::all().add(Expr::value(false));
        }
        let q = escape_like(&search_key(q));
        let starts_with = |prefix: &str| LikeExpr::new(format!("{prefix}{q}%")).escape('\\');
        condition = condition.add(
            Condition::any()
                .add(Column::EmailKey.like(starts_with("")))
                .add(Column::Username.like(starts_with("")))
                .add(Column::FullNameKey.like(starts_with("")))
                .add(Column::FullNameKey.like(starts_with("% "))),
        );
    }
    if let Some(role) = filter.role {
        condition = condition.add(Column::Role.eq(role.as_str()));
    }
    if let Some(is_active) = filter.is_active {
        condition = condition.add(Column::IsActive.eq(is_active));
    }
    condition
}

fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn ordered(select: Select<Entity>, sort: UserSort) -> Select<Entity> {
    let column = match sort.field {
        UserSortField::CreatedAt => Column::CreatedAt,
        UserSortField::Email => Column::EmailKey,
        UserSortField::LastLogin => Column::LastLogin,
    };
    // The databases disagree about where NULL belongs; here it is the smallest value.
    let (order, nulls) = match sort.direction {
        Direction::Ascending => (Order::Asc, NullOrdering::First),
        Direction::Descending => (Order::Desc, NullOrdering::Last),
    };
    let select = match sort.field {
        UserSortField::LastLogin => select.order_by_with_nulls(column, order.clone(), nulls),
        UserSortField::CreatedAt | UserSortField::Email => select.order_by(column, order.clone()),
    };
    select.order_by(Column::Id, order)
}

/// The users behind `position`.
fn behind(position: &UserPosition, direction: Direction) -> Condition {
    let id = position.id.as_uuid();
    match &position.key {
        SortKey::CreatedAt(time) => behind_value(Column::CreatedAt, *time, id, direction),
        SortKey::Email(key) => behind_value(Column::EmailKey, key.as_str(), id, direction),
        SortKey::LastLogin(Some(time)) => match direction {
            Direction::Ascending => behind_value(Column::LastLogin, *time, id, direction),
            Direction::Descending => Condition::any()
                .add(behind_value(Column::LastLogin, *time, id, direction))
                .add(Column::LastLogin.is_null()),
        },
        SortKey::LastLogin(None) => {
            let peers = Condition::all().add(Column::LastLogin.is_null()).add(past(Column::Id, id, direction));
            match direction {
                Direction::Ascending => Condition::any().add(peers).add(Column::LastLogin.is_not_null()),
                Direction::Descending => peers,
            }
        }
    }
}

fn behind_value(column: Column, value: impl Into<Value> + Clone, id: Uuid, direction: Direction) -> Condition {
    let ties = Condition::all().add(column.eq(value.clone())).add(past(Column::Id, id, direction));
    Condition::any().add(past(column, value, direction)).add(ties)
}

fn past(column: Column, value: impl Into<Value>, direction: Direction) -> Expr {
    match direction {
        Direction::Ascending => column.gt(value),
        Direction::Descending => column.lt(value),
    }
}
