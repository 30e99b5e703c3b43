//! The schema of Hexauth, one file per change, up and down, for PostgreSQL and SQLite.
//!
//! A migration that has landed is never edited: another is added. Each runs in one transaction on both databases. To
//! add one, write a file beside these and add it to the end of [`Migrator`]'s list.
//!
//! A program that adds tables of its own to the same database has a migrator of its own for them, which names another
//! table in `migration_table_name`. [`run`] and [`status`] take any migrator.
//!
//! A database may have migrations of a newer version, which the older one leaves alone: nodes are replaced one by one,
//! and back.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};
use thiserror::Error;

use record::{Record, Tolerant};

/// What a migrator is, for those who bring their own.
pub use sea_orm_migration::MigratorTrait;

mod record;

mod m20261126_000001_create_users;
mod m20261126_000002_index_user_lists;
mod m20261126_000003_create_passwords;
mod m20261126_000004_create_refresh_tokens;
mod m20261126_000005_create_revocations;
mod m20261126_000006_create_signing_keys;
mod m20261126_000007_create_events;
mod m20261126_000008_create_health_probes;
mod m20261126_000009_create_tasks;
mod m20261126_000010_search_words_and_domains;
mod m20261126_000011_create_one_time_tokens;
mod m20261126_000012_create_outbox;
mod m20261126_000013_create_attempts;
mod m20261126_000014_add_users_locale;
mod m20261126_000015_create_pending_accounts;
mod m20261126_000016_index_events_by_subject;
mod m20261127_000017_create_factors;
mod m20261127_000018_authentication_of_sessions;
mod m20261127_000019_create_passkeys;
mod m20261127_000020_create_identities;
mod m20261127_000021_create_second_factor_graces;
mod m20261127_000022_user_verification_of_passkeys;

/// Applies and reverts the migrations. The adapters run it under a lock, one node at a time.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261126_000001_create_users::Migration),
            Box::new(m20261126_000002_index_user_lists::Migration),
            Box::new(m20261126_000003_create_passwords::Migration),
            Box::new(m20261126_000004_create_refresh_tokens::Migration),
            Box::new(m20261126_000005_create_revocations::Migration),
            Box::new(m20261126_000006_create_signing_keys::Migration),
            Box::new(m20261126_000007_create_events::Migration),
            Box::new(m20261126_000008_create_health_probes::Migration),
            Box::new(m20261126_000009_create_tasks::Migration),
            Box::new(m20261126_000010_search_words_and_domains::Migration),
            Box::new(m20261126_000011_create_one_time_tokens::Migration),
            Box::new(m20261126_000012_create_outbox::Migration),
            Box::new(m20261126_000013_create_attempts::Migration),
            Box::new(m20261126_000014_add_users_locale::Migration),
            Box::new(m20261126_000015_create_pending_accounts::Migration),
            Box::new(m20261126_000016_index_events_by_subject::Migration),
            Box::new(m20261127_000017_create_factors::Migration),
            Box::new(m20261127_000018_authentication_of_sessions::Migration),
            Box::new(m20261127_000019_create_passkeys::Migration),
            Box::new(m20261127_000020_create_identities::Migration),
            Box::new(m20261127_000021_create_second_factor_graces::Migration),
            Box::new(m20261127_000022_user_verification_of_passkeys::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        "hexauth_migrations".into_iden()
    }
}

/// Which way to migrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Apply everything that is pending.
    Up,
    /// Revert this many, the newest first.
    Down(u32),
}

/// A migration and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its file's name.
    pub name: String,
    /// What the database says about it.
    pub state: State,
}

/// What a database says about a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The database has it.
    Applied,
    /// The database does not have it yet.
    Pending,
    /// The database has it, and the migrator does not know it: it is of a newer version.
    Unknown,
}

/// Why [`run`] failed, in words for the operator.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The database has this migration, which the migrator does not know, and which has to be reverted first.
    #[error("{0} is of a newer version, and has to be reverted by that one first")]
    Newer(String),
    /// A migration failed, perhaps since the record of an earlier version is in one table with that of another program.
    #[error(
        "{error}; the table {shared} has names of migrations of this program, and perhaps of others: if this program has \
         migrated this database before, move its rows ('migrate status' lists the names) from {shared} to {own}, and \
         migrate again"
    )]
    Mixed {
        /// What the database says.
        error: DbErr,
        /// The table that both wrote.
        shared: String,
        /// The one that is this program's alone.
        own: String,
    },
    /// A migration failed, or the database cannot be asked.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Takes the step with the migrator `M`, on a connection or inside a transaction, and returns the names of the
/// migrations it applied or reverted. The caller holds a lock.
///
/// A database that an earlier version migrated has its record in SeaORM's `seaql_migrations`. Where that table holds
/// migrations of `M` only, the first step with something to do gives it the name that `M` has for it; one of another
/// program is left alone.
///
/// # Errors
/// [`MigrateError::Database`], [`MigrateError::Mixed`]; on the way down, [`MigrateError::Newer`].
pub async fn run<'c, M, C>(db: &'c C, step: Step) -> Result<Vec<String>, MigrateError>
where
    M: MigratorTrait,
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    let record = Record::read::<M, C>(db).await?;
    let before = record.status();
    if step == Step::Up && before.iter().all(|migration| migration.state != State::Pending) {
        // It needs no right to change the schema, not even the name of that table.
        return Ok(Vec::new());
    }
    if let (Step::Down(_), Some(newer)) = (step, record.unknown().last()) {
        return Err(MigrateError::Newer(newer.clone()));
    }
    record.adopt::<M, C>(db).await?;
    match step {
        Step::Up => Tolerant::<M>::up(db, None).await.map_err(|error| record.explain::<M>(error))?,
        Step::Down(count) => Tolerant::<M>::down(db, Some(count)).await?,
    }
    let after = status::<M, C>(db).await?;
    let changed = before.into_iter().zip(after).filter(|(before, after)| before != after);
    Ok(changed.map(|(before, _)| before.name).collect())
}

/// Every migration of `M`, in order, and then those that `M` does not know. Changes nothing.
///
/// # Errors
/// What the database says.
pub async fn status<'c, M, C>(db: &'c C) -> Result<Vec<Status>, DbErr>
where
    M: MigratorTrait,
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    Ok(Record::read::<M, C>(db).await?.status())
}

/// Every migration of `M`, in order, as a database without any has them.
pub fn all_pending<M: MigratorTrait>() -> Vec<Status> {
    let pending = |name: &str| Status { name: name.to_owned(), state: State::Pending };
    M::migrations().iter().map(|migration| pending(migration.name())).collect()
}

/// A text column that is compared byte by byte, so that both databases sort alike and prefixes can use the index.
fn bytewise_text(manager: &SchemaManager<'_>, column: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(column);
    column.text();
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}

/// The key of rows that are a user's and go with them.
fn of_user(name: &str, table: impl IntoIden, column: impl IntoIden) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(table.into_iden(), column.into_iden())
        .to(Users::Table, Users::Id)
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}
