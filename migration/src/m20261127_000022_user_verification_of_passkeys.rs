use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Of passkeys that are there, and of those that the previous version registers, it is not known. Their next
    /// sign-in tells.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = ColumnDef::new(Passkeys::HasVerifiedUser).boolean().not_null().default(false).to_owned();
        manager.alter_table(Table::alter().table(Passkeys::Table).add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let alter = Table::alter().table(Passkeys::Table).drop_column(Passkeys::HasVerifiedUser).to_owned();
        manager.alter_table(alter).await
    }
}

#[derive(DeriveIden)]
enum Passkeys {
    Table,
    HasVerifiedUser,
}
