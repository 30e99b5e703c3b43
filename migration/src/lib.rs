//! The schema of Hexauth, one file per change, up and down, for PostgreSQL and SQLite.
//!
//! A migration that has landed is never edited: another is added. Each runs in one transaction on both databases. To
//! add one, write a file beside these and add it to the end of [`Migrator`]'s list.
//!
//! A program that adds tables of its own to the same database has a migrator of its own for them, which names another
//! table in `migration_table_name`. [`run`] and [`status`] take any migrator.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::{Migration, MigrationStatus};

/// What a migrator is, for those who bring their own.
pub use sea_orm_migration::MigratorTrait;

mod m20261126_000001_create_users;
mod m20261126_000002_index_user_lists;
mod m20261126_000003_create_passwords;
mod m20261126_000004_create_refresh_tokens;
mod m20261126_000005_create_revocations;
mod m20261126_000006_create_signing_keys;
mod m20261126_000007_create_events;
mod m20261126_000008_create_health_probes;
mod m20261126_000009_create_tasks;
mod m20261126_000010_create_one_time_tokens;
mod m20261126_000011_create_outbox;
mod m20261126_000012_create_attempts;

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
            Box::new(m20261126_000010_create_one_time_tokens::Migration),
            Box::new(m20261126_000011_create_outbox::Migration),
            Box::new(m20261126_000012_create_attempts::Migration),
        ]
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

/// A migration and whether it is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its file's name.
    pub name: String,
    /// Whether the database has it.
    pub is_applied: bool,
}

/// Takes the step with the migrator `M`, on a connection or inside a transaction, and returns the names of the
/// migrations it applied or reverted. The caller holds a lock.
///
/// # Errors
/// What the database says, or that it holds a migration that `M` does not know.
pub async fn run<'c, M, C>(db: &'c C, step: Step) -> Result<Vec<String>, DbErr>
where
    M: MigratorTrait,
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    let before = status::<M>(db).await?;
    match step {
        // Without anything to do it needs no right to change the schema.
        Step::Up if before.iter().all(|migration| migration.is_applied) => return Ok(Vec::new()),
        Step::Up => M::up(db, None).await?,
        Step::Down(count) => M::down(db, Some(count)).await?,
    }
    let after = status::<M>(db).await?;
    let changed = before.into_iter().zip(after).filter(|(before, after)| before != after);
    Ok(changed.map(|(before, _)| before.name).collect())
}

/// Every migration of `M`, in order. Changes nothing.
///
/// # Errors
/// As for [`run`].
pub async fn status<M: MigratorTrait>(db: &impl ConnectionTrait) -> Result<Vec<Status>, DbErr> {
    let migrations = M::get_migration_with_status_read_only(db).await?;
    let status = |migration: Migration| Status {
        name: migration.name().to_owned(),
        is_applied: migration.status() == MigrationStatus::Applied,
    };
    Ok(migrations.into_iter().map(status).collect())
}

/// Every migration of `M`, in order, as a database without any has them.
pub fn all_pending<M: MigratorTrait>() -> Vec<Status> {
    let pending = |migration: Migration| Status { name: migration.name().to_owned(), is_applied: false };
    M::get_migration_files().into_iter().map(pending).collect()
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
