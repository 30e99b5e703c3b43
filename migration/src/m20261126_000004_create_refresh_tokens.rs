use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let refresh_tokens = Table::create()
            .table(RefreshTokens::Table)
            .col(ColumnDef::new(RefreshTokens::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(RefreshTokens::UserId).uuid().not_null())
            .col(ColumnDef::new(RefreshTokens::Nonce).binary().not_null())
            .col(ColumnDef::new(RefreshTokens::Generation).big_integer().not_null())
            .col(ColumnDef::new(RefreshTokens::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(RefreshTokens::RotatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(RefreshTokens::LastUsedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(RefreshTokens::IdleExpiresAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(RefreshTokens::ExpiresAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(RefreshTokens::RevokedAt).timestamp_with_time_zone())
            .col(ColumnDef::new(RefreshTokens::RevokedReason).text())
            .col(ColumnDef::new(RefreshTokens::UserAgent).text())
            .col(ColumnDef::new(RefreshTokens::Address).text())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_refresh_tokens_user_id")
                    .from(RefreshTokens::Table, RefreshTokens::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(refresh_tokens).await?;
        manager.create_index(index("ix_refresh_tokens_user_id", RefreshTokens::UserId)).await?;
        // For the clean-up, which looks for what has ended.
        manager.create_index(index("ix_refresh_tokens_idle_expires_at", RefreshTokens::IdleExpiresAt)).await?;
        manager.create_index(index("ix_refresh_tokens_revoked_at", RefreshTokens::RevokedAt)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(RefreshTokens::Table).to_owned()).await
    }
}

fn index(name: &str, column: RefreshTokens) -> IndexCreateStatement {
    Index::create().name(name).table(RefreshTokens::Table).col(column).to_owned()
}

#[derive(DeriveIden)]
enum RefreshTokens {
    Table,
    Id,
    UserId,
    Nonce,
    Generation,
    CreatedAt,
    RotatedAt,
    LastUsedAt,
    IdleExpiresAt,
    ExpiresAt,
    RevokedAt,
    RevokedReason,
    UserAgent,
    Address,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}
