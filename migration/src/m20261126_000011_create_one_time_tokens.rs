use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tokens = Table::create()
            .table(OneTimeTokens::Table)
            .col(ColumnDef::new(OneTimeTokens::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(OneTimeTokens::Purpose).text().not_null())
            .col(ColumnDef::new(OneTimeTokens::UserId).uuid())
            .col(ColumnDef::new(OneTimeTokens::Email).text().not_null())
            .col(ColumnDef::new(OneTimeTokens::EmailKey).text().not_null())
            .col(ColumnDef::new(OneTimeTokens::Nonce).binary().not_null())
            .col(ColumnDef::new(OneTimeTokens::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(OneTimeTokens::ExpiresAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(OneTimeTokens::UsedAt).timestamp_with_time_zone())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_one_time_tokens_user_id")
                    .from(OneTimeTokens::Table, OneTimeTokens::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(tokens).await?;
        manager.create_index(index("ix_one_time_tokens_user_id").col(OneTimeTokens::UserId).to_owned()).await?;
        // For codes, which come with the address that they were mailed to.
        let by_email = index("ix_one_time_tokens_email_key")
            .col(OneTimeTokens::EmailKey)
            .col(OneTimeTokens::Purpose)
            .col(OneTimeTokens::CreatedAt)
            .to_owned();
        manager.create_index(by_email).await?;
        // For the clean-up.
        manager.create_index(index("ix_one_time_tokens_expires_at").col(OneTimeTokens::ExpiresAt).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(OneTimeTokens::Table).to_owned()).await
    }
}

fn index(name: &str) -> IndexCreateStatement {
    Index::create().name(name).table(OneTimeTokens::Table).to_owned()
}

#[derive(DeriveIden)]
enum OneTimeTokens {
    Table,
    Id,
    Purpose,
    UserId,
    Email,
    EmailKey,
    Nonce,
    CreatedAt,
    ExpiresAt,
    UsedAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}
