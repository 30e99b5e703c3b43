use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Times are milliseconds since 1970: the database adds to them, and both databases add numbers alike. Whose attempts
    /// they are is there for admins, and only where it is an account. There is no foreign key, since an attempt must not
    /// wait for those who change the account.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let attempts = Table::create()
            .table(Attempts::Table)
            .col(ColumnDef::new(Attempts::Key).binary().not_null().primary_key())
            .col(ColumnDef::new(Attempts::Count).big_integer().not_null())
            .col(ColumnDef::new(Attempts::LastAt).big_integer().not_null())
            .col(ColumnDef::new(Attempts::FreeAt).big_integer().not_null())
            .col(ColumnDef::new(Attempts::UserId).uuid())
            .col(ColumnDef::new(Attempts::Attempted).text())
            .col(ColumnDef::new(Attempts::Network).text())
            .to_owned();
        manager.create_table(attempts).await?;
        // For the clean-up.
        let by_age =
            Index::create().name("ix_attempts_last_at").table(Attempts::Table).col(Attempts::LastAt).to_owned();
        manager.create_index(by_age).await?;
        let by_user =
            Index::create().name("ix_attempts_user_id").table(Attempts::Table).col(Attempts::UserId).to_owned();
        manager.create_index(by_user).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Attempts::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Attempts {
    Table,
    Key,
    Count,
    LastAt,
    FreeAt,
    UserId,
    Attempted,
    Network,
}
