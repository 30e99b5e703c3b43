use sea_orm_migration::prelude::*;

use crate::bytewise_text;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = Table::create()
            .table(Users::Table)
            .col(ColumnDef::new(Users::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Users::Email).text().not_null())
            .col(bytewise_text(manager, Users::EmailKey).not_null())
            .col(bytewise_text(manager, Users::Username))
            .col(ColumnDef::new(Users::FullName).text())
            .col(bytewise_text(manager, Users::FullNameKey))
            .col(ColumnDef::new(Users::Birthday).date())
            .col(ColumnDef::new(Users::Role).text().not_null())
            .col(ColumnDef::new(Users::IsActive).boolean().not_null())
            .col(ColumnDef::new(Users::EmailVerified).boolean().not_null())
            .col(ColumnDef::new(Users::Epoch).big_integer().not_null())
            .col(ColumnDef::new(Users::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(Users::UpdatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(Users::LastLogin).timestamp_with_time_zone())
            .to_owned();
        manager.create_table(users).await?;
        // The repository tells by these names which value was taken.
        manager.create_index(unique("uq_users_email_key", Users::EmailKey)).await?;
        manager.create_index(unique("uq_users_username", Users::Username)).await?;
        let by_age = Index::create()
            .name("ix_users_created_at")
            .table(Users::Table)
            .col(Users::CreatedAt)
            .col(Users::Id)
            .to_owned();
        manager.create_index(by_age).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Users::Table).to_owned()).await
    }
}

fn unique(name: &str, column: Users) -> IndexCreateStatement {
    Index::create().name(name).table(Users::Table).col(column).unique().to_owned()
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    Email,
    EmailKey,
    Username,
    FullName,
    FullNameKey,
    Birthday,
    Role,
    IsActive,
    EmailVerified,
    Epoch,
    CreatedAt,
    UpdatedAt,
    LastLogin,
}
