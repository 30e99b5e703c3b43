use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// The table that readiness writes to, to see whether it can.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        let table = if is_postgres { POSTGRES_TABLE } else { SQLITE_TABLE };
        manager.get_connection().execute_unprepared(table).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(HealthProbes::Table).to_owned()).await
    }
}

/// Plain, so that the padding is not compressed and each row needs a page of its own: a full disk shows only when there
/// is no room left in the existing pages.
const POSTGRES_TABLE: &str = "
CREATE TABLE health_probes (padding text NOT NULL);
ALTER TABLE health_probes ALTER COLUMN padding SET STORAGE PLAIN";

const SQLITE_TABLE: &str = "CREATE TABLE health_probes (id integer PRIMARY KEY AUTOINCREMENT, padding text NOT NULL)";

#[derive(DeriveIden)]
enum HealthProbes {
    Table,
}
