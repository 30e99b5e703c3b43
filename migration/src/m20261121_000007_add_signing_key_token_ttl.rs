use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Nodes of the previous version write no lifetime: 0 says that it is not known.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let token_ttl = ColumnDef::new(SigningKeys::TokenTtl).big_integer().not_null().default(0).to_owned();
        manager.alter_table(Table::alter().table(SigningKeys::Table).add_column(token_ttl).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let alter = Table::alter().table(SigningKeys::Table).drop_column(SigningKeys::TokenTtl).to_owned();
        manager.alter_table(alter).await
    }
}

#[derive(DeriveIden)]
enum SigningKeys {
    Table,
    TokenTtl,
}
