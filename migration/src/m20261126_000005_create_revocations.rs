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
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        let connection = manager.get_connection();
        connection.execute_unprepared(if is_postgres { POSTGRES_TABLE } else { SQLITE_TABLE }).await?;
        manager.create_index(index("ix_revocations_expires_at", Revocations::ExpiresAt)).await?;
        if is_postgres {
            manager.create_index(index("ix_revocations_transaction_id", Revocations::TransactionId)).await?;
            connection.execute_unprepared(NOTIFY_FUNCTION).await?;
            connection.execute_unprepared(NOTIFY_TRIGGER).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The trigger and the indexes go with the table.
        manager.drop_table(Table::drop().table(Revocations::Table).to_owned()).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION notify_hexauth()").await?;
        }
        Ok(())
    }
}

/// Rows outlive the sessions and users they are about, hence no foreign keys. The number of its transaction tells the
/// feed what it may not have seen yet.
const POSTGRES_TABLE: &str = "
CREATE TABLE revocations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id uuid,
    user_id uuid,
    epoch bigint CHECK (epoch BETWEEN 0 AND 4294967295),
    expires_at timestamp with time zone NOT NULL,
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT ck_revocations_of_session_or_user CHECK (
        (session_id IS NOT NULL AND user_id IS NULL AND epoch IS NULL)
        OR (session_id IS NULL AND user_id IS NOT NULL AND epoch IS NOT NULL)
    )
)";

/// With AUTOINCREMENT no id is used a second time, which the feed relies on.
const SQLITE_TABLE: &str = "
CREATE TABLE revocations (
    id integer PRIMARY KEY AUTOINCREMENT,
    session_id uuid_text,
    user_id uuid_text,
    epoch integer CHECK (epoch BETWEEN 0 AND 4294967295),
    expires_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT ck_revocations_of_session_or_user CHECK (
        (session_id IS NOT NULL AND user_id IS NULL AND epoch IS NULL)
        OR (session_id IS NULL AND user_id IS NOT NULL AND epoch IS NOT NULL)
    )
)";

const NOTIFY_FUNCTION: &str = "
CREATE FUNCTION notify_hexauth() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('hexauth', ''); RETURN NULL; END $$";

const NOTIFY_TRIGGER: &str = "
CREATE TRIGGER revocations_notify AFTER INSERT ON revocations
FOR EACH STATEMENT EXECUTE FUNCTION notify_hexauth()";

fn index(name: &str, column: Revocations) -> IndexCreateStatement {
    Index::create().name(name).table(Revocations::Table).col(column).to_owned()
}

#[derive(DeriveIden)]
enum Revocations {
    Table,
    ExpiresAt,
    TransactionId,
}
