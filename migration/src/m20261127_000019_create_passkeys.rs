use sea_orm_migration::prelude::*;

use crate::{bytewise_text, of_user};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_passkeys(manager).await?;
        create_ceremonies(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(PasskeyCeremonies::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Passkeys::Table).to_owned()).await
    }
}

async fn create_passkeys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let passkeys = Table::create()
        .table(Passkeys::Table)
        .col(ColumnDef::new(Passkeys::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Passkeys::UserId).uuid().not_null())
        .col(ColumnDef::new(Passkeys::Name).text().not_null())
        .col(bytewise_text(manager, Passkeys::NameKey).not_null())
        .col(ColumnDef::new(Passkeys::CredentialId).binary().not_null())
        .col(ColumnDef::new(Passkeys::PublicKey).binary().not_null())
        .col(ColumnDef::new(Passkeys::SignCount).big_integer().not_null())
        .col(ColumnDef::new(Passkeys::IsBackupEligible).boolean().not_null())
        .col(ColumnDef::new(Passkeys::IsBackedUp).boolean().not_null())
        .col(ColumnDef::new(Passkeys::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(Passkeys::LastUsedAt).timestamp_with_time_zone())
        .foreign_key(&mut of_user("fk_passkeys_user_id", Passkeys::Table, Passkeys::UserId))
        .to_owned();
    manager.create_table(passkeys).await?;
    // The repository tells by their names which value was taken.
    let by_name = Index::create()
        .name("uq_passkeys_user_id_name_key")
        .table(Passkeys::Table)
        .col(Passkeys::UserId)
        .col(Passkeys::NameKey)
        .unique()
        .to_owned();
    manager.create_index(by_name).await?;
    let by_credential = Index::create()
        .name("uq_passkeys_credential_id")
        .table(Passkeys::Table)
        .col(Passkeys::CredentialId)
        .unique()
        .to_owned();
    manager.create_index(by_credential).await
}

/// They refer to nothing, since they are gone within minutes, and what they name is looked for again.
async fn create_ceremonies(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let ceremonies = Table::create()
        .table(PasskeyCeremonies::Table)
        .col(ColumnDef::new(PasskeyCeremonies::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(PasskeyCeremonies::Purpose).text().not_null())
        .col(ColumnDef::new(PasskeyCeremonies::UserId).uuid())
        // The session or the one-time token that it is bound to.
        .col(ColumnDef::new(PasskeyCeremonies::BoundTo).uuid())
        .col(ColumnDef::new(PasskeyCeremonies::State).binary().not_null())
        .col(ColumnDef::new(PasskeyCeremonies::ExpiresAt).timestamp_with_time_zone().not_null())
        .to_owned();
    manager.create_table(ceremonies).await?;
    let by_end = Index::create()
        .name("ix_passkey_ceremonies_expires_at")
        .table(PasskeyCeremonies::Table)
        .col(PasskeyCeremonies::ExpiresAt)
        .to_owned();
    manager.create_index(by_end).await
}

#[derive(DeriveIden)]
enum Passkeys {
    Table,
    Id,
    UserId,
    Name,
    NameKey,
    CredentialId,
    PublicKey,
    SignCount,
    IsBackupEligible,
    IsBackedUp,
    CreatedAt,
    LastUsedAt,
}

#[derive(DeriveIden)]
enum PasskeyCeremonies {
    Table,
    Id,
    Purpose,
    UserId,
    BoundTo,
    State,
    ExpiresAt,
}
