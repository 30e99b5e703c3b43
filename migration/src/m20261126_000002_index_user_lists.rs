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
        let connection = manager.get_connection();
        for index in [BY_LAST_LOGIN, ADMINS, DISABLED] {
            connection.execute_unprepared(index).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared(WORDS_OF_NAMES).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for name in ["ix_users_full_name_words", "ix_users_disabled", "ix_users_admins", "ix_users_last_login"] {
            connection.execute_unprepared(&format!("DROP INDEX IF EXISTS {name}")).await?;
        }
        Ok(())
    }
}

// Where a table is big, the operator makes these before the migration, without holding writers up.

/// Both databases sort the text before every time, so that the order has no NULLs.
const BY_LAST_LOGIN: &str =
    "CREATE INDEX IF NOT EXISTS ix_users_last_login ON users (coalesce(last_login, '-infinity'), id)";

const ADMINS: &str = "CREATE INDEX IF NOT EXISTS ix_users_admins ON users (created_at, id) WHERE role = 'admin'";

const DISABLED: &str = "CREATE INDEX IF NOT EXISTS ix_users_disabled ON users (created_at, id) WHERE is_active = FALSE";

/// Lexemes by prefix, without a dictionary and without an extension. Each search would have to read a list of pending
/// entries until the next vacuum.
const WORDS_OF_NAMES: &str = "
CREATE INDEX IF NOT EXISTS ix_users_full_name_words ON users
USING gin (array_to_tsvector(array_remove(string_to_array(full_name_key, ' '), ''))) WITH (fastupdate = off)";
