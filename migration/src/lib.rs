//! The schema of Hexauth, one file per change, up and down, for PostgreSQL and SQLite.
//!
//! A migration that has landed is never edited: another is added. Each runs in one transaction on both databases. To
//! add one, write a file beside these and add it to the end of [`Migrator`]'s list.

use sea_orm_migration::prelude::*;

mod m20261121_000001_create_users;
mod m20261121_000002_create_refresh_tokens;

/// Applies and reverts the migrations. The adapters run it under a lock, one node at a time.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_create_users::Migration),
            Box::new(m20261121_000002_create_refresh_tokens::Migration),
        ]
    }
}

/// A text column that is compared byte by byte, so that both databases sort alike and prefixes can use the index.
fn bytewise_text(manager: &SchemaManager<'_>, column: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(column);
    column.text();
    if manager.get_database_backend() == sea_orm_migration::sea_orm::DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}
