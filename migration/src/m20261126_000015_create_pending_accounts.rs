use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// The address is that of the token.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let pending_accounts = Table::create()
            .table(PendingAccounts::Table)
            .col(ColumnDef::new(PendingAccounts::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(PendingAccounts::Username).text())
            .col(ColumnDef::new(PendingAccounts::FullName).text())
            .col(ColumnDef::new(PendingAccounts::Birthday).date())
            .col(ColumnDef::new(PendingAccounts::Locale).text())
            .col(ColumnDef::new(PendingAccounts::PasswordHash).text().not_null())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_pending_accounts_id")
                    .from(PendingAccounts::Table, PendingAccounts::Id)
                    .to(OneTimeTokens::Table, OneTimeTokens::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(pending_accounts).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(PendingAccounts::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum PendingAccounts {
    Table,
    Id,
    Username,
    FullName,
    Birthday,
    Locale,
    PasswordHash,
}

#[derive(DeriveIden)]
enum OneTimeTokens {
    Table,
    Id,
}
