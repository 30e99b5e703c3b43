use async_trait::async_trait;
use domain::users::{
    Direction, Email, Epoch, Role, SearchText, SortKey, User, UserFilter, UserId, UserPosition, UserQuery,
    UserRepository, UserSort, UserSortField,
};
use domain::{StoreError, Timestamp};
use sea_orm::sea_query::extension::postgres::PgBinOper;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, Value,
};
use uuid::Uuid;

use super::entity::{ActiveModel, Column, Entity};
use crate::Store;
use crate::statements::ROW_LOCK;

impl<C: ConnectionTrait + Send + Sync> Store<C> {
    /// Locks a user who may be there.
    pub(crate) async fn lock_user(&self, id: UserId) -> Result<(), StoreError> {
        let select = Entity::find_by_id(id.as_uuid()).select_only().column(Column::Id).lock(ROW_LOCK);
        let found: Result<Option<Uuid>, _> = select.into_tuple().one(&self.connection).await;
        found.map(drop).map_err(|error| self.error(error))
    }
}

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> UserRepository for Store<C> {
    async fn insert(&self, user: &User) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(user))).await.map(drop)
    }

    async fn find_by_id(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.find_one(Entity::find_by_id(id.as_uuid())).await
    }

    async fn find_by_id_for_update(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.find_one(Entity::find_by_id(id.as_uuid()).lock(ROW_LOCK)).await
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        self.find_one(Entity::find().filter(Column::EmailKey.eq(email.key()))).await
    }

    async fn lock_active_admins(&self, and: Option<UserId>) -> Result<Vec<UserId>, StoreError> {
        let is_active_admin =
            fitting(&UserFilter { role: Some(Role::Admin), is_active: Some(true), ..UserFilter::default() });
        let account = and.map(|id| Column::Id.eq(id.as_uuid()));
        let locked: Vec<(Uuid, String, bool)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Role, Column::IsActive])
            .filter(Condition::any().add(is_active_admin).add_option(account))
            // One statement locks all, in one order, so that nobody waits in a circle. Locking the account by a second
            // statement would not do: an admin who is demoted meanwhile is locked by units that began before, and not
            // by others.
            .order_by_asc(Column::Id)
            .lock(ROW_LOCK)
            .into_tuple()
            .all(&self.connection)
            .await
            .map_err(|error| self.error(error))?;
        let admins = locked.into_iter().filter(|(_, role, is_active)| *is_active && role == Role::Admin.as_str());
        Ok(admins.map(|(id, ..)| UserId::new(id)).collect())
    }

    async fn update(&self, user: &User) -> Result<(), StoreError> {
        let update = Entity::update_many().set(ActiveModel::from(user)).filter(Column::Id.eq(user.id.as_uuid()));
        if self.update_rows(update).await? == 1 { Ok(()) } else { Err(StoreError::NotFound) }
    }

    async fn record_login(&self, id: UserId, epoch: Epoch, at: Timestamp) -> Result<bool, StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::LastLogin, Expr::value(at))
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(is_at(epoch))
            .filter(Column::IsActive.eq(true));
        Ok(self.update_rows(update).await? == 1)
    }

    async fn delete(&self, id: UserId) -> Result<bool, StoreError> {
        // The password, the sessions and the tasks go with it, by the foreign keys.
        let delete = Entity::delete_many().filter(Column::Id.eq(id.as_uuid()));
        Ok(self.delete_rows(delete).await? == 1)
    }

    async fn list(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        match &query.filter.q {
            Some(text) if self.has_word_index() => self.search_users(text, query).await,
            Some(text) => self.find_all(page(candidates(query).filter(holds(text)), query)).await,
            None => self.find_all(page(candidates(query), query)).await,
        }
    }

    async fn count(&self, filter: &UserFilter) -> Result<u64, StoreError> {
        let fitting = Entity::find().filter(fitting(filter));
        let fitting = match &filter.q {
            Some(text) if self.has_word_index() => fitting.filter(holds(text)).filter(by_index(text)),
            Some(text) => fitting.filter(holds(text)),
            None => fitting,
        };
        fitting.count(&self.connection).await.map_err(|error| self.error(error))
    }
}

/// How many users a search looks at in order before it goes by the indexes.
const WINDOW: u64 = 1000;

impl<C: ConnectionTrait + Send + Sync> Store<C> {
    /// A text that many users fit fills a page from the first users in order. Any other is looked up in the indexes,
    /// and the users that fit are sorted. PostgreSQL would guess which of the two is better, and read the whole table
    /// when it guesses wrong.
    async fn search_users(&self, text: &SearchText, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        if query.offset.saturating_add(query.limit) <= WINDOW {
            let first = ordered(candidates(query), query.sort).limit(WINDOW);
            let page = self.find_all(page(among(first).filter(holds(text)), query)).await?;
            if u64::try_from(page.len()) == Ok(query.limit) {
                return Ok(page);
            }
        }
        // With an offset, the inner query is planned without regard to the order of the outer one.
        let found = candidates(query).filter(by_index(text)).filter(holds(text)).offset(0);
        self.find_all(page(among(found), query)).await
    }

    /// Whether an index finds names by the start of a word. On SQLite a search reads the table.
    fn has_word_index(&self) -> bool {
        self.connection.get_database_backend() == DbBackend::Postgres
    }
}

fn page(users: Select<Entity>, query: &UserQuery) -> Select<Entity> {
    let page = ordered(users, query.sort).limit(query.limit);
    if query.offset > 0 { page.offset(query.offset) } else { page }
}

/// The result of a query, under the name of the table.
fn among(users: Select<Entity>) -> Select<Entity> {
    let mut select = Entity::find();
    QuerySelect::query(&mut select).from_clear().from_subquery(users.into_query(), Entity);
    select
}

/// The users who may be on the page, whatever text is searched for.
fn candidates(query: &UserQuery) -> Select<Entity> {
    let fitting = Entity::find().filter(fitting(&query.filter));
    match &query.after {
        Some(position) => fitting.filter(behind(position, query.sort.direction)),
        None => fitting,
    }
}

/// The filter without the text. Its values are written into the SQL, so that PostgreSQL knows how rare they are and
/// both databases see that an index on admins or on disabled users will do.
fn fitting(filter: &UserFilter) -> Condition {
    let is = |column, value: Value| Expr::col(column).eq(Expr::Constant(value));
    Condition::all()
        .add_option(filter.role.map(|role| is(Column::Role, role.as_str().into())))
        .add_option(filter.is_active.map(|is_active| is(Column::IsActive, is_active.into())))
}

/// The stored epoch is this one.
fn is_at(epoch: Epoch) -> Condition {
    let is_no_count = (epoch == Epoch::UNREADABLE).then(|| Column::Epoch.not_between(0, i64::from(u32::MAX)));
    Condition::any().add(Column::Epoch.eq(i64::from(epoch.get()))).add_option(is_no_count)
}

/// The users that a search finds.
fn holds(text: &SearchText) -> Condition {
    let like = |before: &str, key: &str| LikeExpr::new(format!("{before}{}%", escape_like(key))).escape('\\');
    let begins = Condition::any()
        .add(Column::EmailKey.like(like("", text.account_key())))
        .add(Column::Username.like(like("", text.account_key())))
        .add_option(text.domain_key().map(|key| Column::EmailKey.like(like("%@", key))));
    let Some(name) = text.name_key() else { return begins };
    begins.add(Column::FullNameKey.like(like("", name))).add(Column::FullNameKey.like(like("% ", name)))
}

fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Holds for all users that a search finds and few others, and PostgreSQL has an index for each part. `LIKE` would not
/// do in a prepared statement, whose plan must fit any pattern.
fn by_index(text: &SearchText) -> Condition {
    let word = |key| Expr::cust(WORDS_OF_NAME).binary(PgBinOper::Matches, word_query(key).cast_as("tsquery"));
    Condition::any()
        .add(starts(Column::EmailKey.into_expr(), text.account_key()))
        .add(starts(Column::Username.into_expr(), text.account_key()))
        .add_option(text.domain_key().map(|key| starts(Expr::cust(DOMAIN_OF_EMAIL), key)))
        .add_option(text.name_key().map(word))
}

/// Emails and usernames are ASCII.
fn starts(column: Expr, key: &str) -> Condition {
    let end = format!("{key}{}", char::MAX);
    Condition::all().add(column.clone().gte(key)).add(column.lt(end))
}

/// As the index on it has it.
const DOMAIN_OF_EMAIL: &str = r#"split_part("email_key", '@', 2)"#;

/// As the index on it has it.
const WORDS_OF_NAME: &str = r#"array_to_tsvector(array_remove(string_to_array("full_name_key", ' '), ''))"#;

/// All of these words, the last of them as the start of a word.
fn word_query(text: &str) -> String {
    let quote = |word: &str| format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"));
    let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).map(quote).collect();
    format!("{}:*", words.join(" & "))
}

fn ordered(select: Select<Entity>, sort: UserSort) -> Select<Entity> {
    let order = match sort.direction {
        Direction::Ascending => Order::Asc,
        Direction::Descending => Order::Desc,
    };
    match sort.field {
        UserSortField::CreatedAt => select.order_by(Column::CreatedAt, order.clone()).order_by(Column::Id, order),
        // No two users have the same email, so there are no ties for the id to break.
        UserSortField::Email => select.order_by(Column::EmailKey, order),
        UserSortField::LastLogin => select.order_by(last_login(), order.clone()).order_by(Column::Id, order),
    }
}

/// As the index on it has it. The databases disagree about where NULL belongs; here it comes before every time.
fn last_login() -> Expr {
    Expr::cust(r#"coalesce("last_login", '-infinity')"#)
}

/// The users after `position`, by one comparison, at which an index can begin.
fn behind(position: &UserPosition, direction: Direction) -> Condition {
    let by_id = |key: Expr, value: Expr| {
        let (columns, values) = (vec![key, Column::Id.into_expr()], vec![value, Expr::val(position.id.as_uuid())]);
        past(Expr::tuple(columns), Expr::tuple(values), direction)
    };
    match &position.key {
        SortKey::CreatedAt(time) => Condition::all().add(by_id(Column::CreatedAt.into_expr(), Expr::val(*time))),
        SortKey::Email(key) => Condition::all().add(past(Column::EmailKey.into_expr(), Expr::val(key), direction)),
        SortKey::LastLogin(time) => {
            let time = time.map_or_else(|| Expr::cust("'-infinity'"), Expr::val);
            // SQLite begins at an expression of an index only if it stands by itself.
            let from = match direction {
                Direction::Ascending => last_login().gte(time.clone()),
                Direction::Descending => last_login().lte(time.clone()),
            };
            Condition::all().add(from).add(by_id(last_login(), time))
        }
    }
}

fn past(columns: Expr, values: Expr, direction: Direction) -> Expr {
    match direction {
        Direction::Ascending => columns.gt(values),
        Direction::Descending => columns.lt(values),
    }
}
