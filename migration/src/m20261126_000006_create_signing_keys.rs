use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let signing_keys = Table::create()
            .table(SigningKeys::Table)
            .col(ColumnDef::new(SigningKeys::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(SigningKeys::Algorithm).text().not_null())
            .col(ColumnDef::new(SigningKeys::Sealed).binary().not_null())
            .col(ColumnDef::new(SigningKeys::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(SigningKeys::State).text().not_null())
            .col(ColumnDef::new(SigningKeys::ActiveSince).timestamp_with_time_zone())
            .col(ColumnDef::new(SigningKeys::AcceptedUntil).timestamp_with_time_zone())
            .col(ColumnDef::new(SigningKeys::TokenTtl).big_integer().not_null())
            .to_owned();
        manager.create_table(signing_keys).await?;
        let connection = manager.get_connection();
        connection.execute_unprepared(ONE_NEXT_AND_ONE_ACTIVE).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared(NOTIFY_TRIGGER).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The trigger and the index go with the table; the function belongs to the previous migration.
        manager.drop_table(Table::drop().table(SigningKeys::Table).to_owned()).await
    }
}

/// Nodes that rotate at the same time cannot make two of either.
const ONE_NEXT_AND_ONE_ACTIVE: &str =
    "CREATE UNIQUE INDEX uq_signing_keys_state ON signing_keys (state) WHERE state <> 'retired'";

const NOTIFY_TRIGGER: &str = "
CREATE TRIGGER signing_keys_notify AFTER INSERT OR UPDATE OR DELETE ON signing_keys
FOR EACH STATEMENT EXECUTE FUNCTION notify_hexauth()";

#[derive(DeriveIden)]
enum SigningKeys {
    Table,
    Id,
    Algorithm,
    Sealed,
    CreatedAt,
    State,
    ActiveSince,
    AcceptedUntil,
    TokenTtl,
}
