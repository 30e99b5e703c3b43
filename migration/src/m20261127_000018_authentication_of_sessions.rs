use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Sessions that are there have neither: they began with a password, when they were made.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            ColumnDef::new(RefreshTokens::AuthTime).timestamp_with_time_zone().to_owned(),
            ColumnDef::new(RefreshTokens::Amr).text().to_owned(),
        ] {
            manager.alter_table(Table::alter().table(RefreshTokens::Table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [RefreshTokens::AuthTime, RefreshTokens::Amr] {
            manager.alter_table(Table::alter().table(RefreshTokens::Table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

#[derive(DeriveIden)]
enum RefreshTokens {
    Table,
    AuthTime,
    Amr,
}
