//! Bringing the database up to date.

use migration::{Migrator, MigratorTrait, State, Status, Step};

use super::{WiringError, postgres, sqlite};
use crate::config::{DatabaseSettings, DatabaseUrl};

/// Applies the pending migrations of the migrator `M`, one process at a time. If starting the server must not migrate,
/// nothing may be pending. Migrations of a newer version are left alone, with a warning. Hexauth's own tables come with
/// [`start`](super::start); call this for tables of your own, whose migrator names a table of its own in
/// `migration_table_name`.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`], [`WiringError::Pending`].
pub async fn bring_up_to_date<M: MigratorTrait>(database: &DatabaseSettings) -> Result<(), WiringError> {
    if !database.migrate_on_start {
        return require_migrated::<M>(database).await;
    }
    for name in migrate_with::<M>(database, Step::Up).await? {
        tracing::info!(name, "migrated");
    }
    warn_of_newer(&migration_status_with::<M>(database).await?);
    Ok(())
}

/// Applies or reverts migrations of Hexauth's own tables, and returns their names.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`].
pub async fn migrate(database: &DatabaseSettings, step: Step) -> Result<Vec<String>, WiringError> {
    migrate_with::<Migrator>(database, step).await
}

/// Applies or reverts migrations of `M`, one process at a time, and returns their names.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`].
pub async fn migrate_with<M: MigratorTrait>(
    database: &DatabaseSettings,
    step: Step,
) -> Result<Vec<String>, WiringError> {
    Ok(match &database.url {
        DatabaseUrl::Postgres(url) => infra_postgres::migrate_with::<M>(&postgres(database, url)?, step).await?,
        DatabaseUrl::Sqlite(url) => infra_sqlite::migrate_with::<M>(&sqlite(database, url), step).await?,
    })
}

/// Every migration of Hexauth's own tables, and whether it is applied.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`].
pub async fn migration_status(database: &DatabaseSettings) -> Result<Vec<Status>, WiringError> {
    migration_status_with::<Migrator>(database).await
}

async fn migration_status_with<M: MigratorTrait>(database: &DatabaseSettings) -> Result<Vec<Status>, WiringError> {
    Ok(match &database.url {
        DatabaseUrl::Postgres(url) => infra_postgres::migration_status_with::<M>(&postgres(database, url)?).await?,
        DatabaseUrl::Sqlite(url) => infra_sqlite::migration_status_with::<M>(&sqlite(database, url)).await?,
    })
}

/// Rejects a database on which a migration is pending.
///
/// # Errors
/// As [`bring_up_to_date`].
pub(super) async fn require_migrated<M: MigratorTrait>(database: &DatabaseSettings) -> Result<(), WiringError> {
    let status = migration_status_with::<M>(database).await?;
    let pending = named(&status, State::Pending);
    if !pending.is_empty() {
        return Err(WiringError::Pending(pending));
    }
    warn_of_newer(&status);
    Ok(())
}

/// While nodes are replaced one by one, those of the previous version run on the schema of the next.
fn warn_of_newer(status: &[Status]) {
    let newer = named(status, State::Unknown);
    if !newer.is_empty() {
        tracing::warn!(migrations = newer.join(" "), "the database has migrations of a newer version");
    }
}

fn named(status: &[Status], state: State) -> Vec<String> {
    status.iter().filter(|migration| migration.state == state).map(|migration| migration.name.clone()).collect()
}
