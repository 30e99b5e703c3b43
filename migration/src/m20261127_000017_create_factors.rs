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
        let devices = Table::create()
            .table(TotpDevices::Table)
            .col(ColumnDef::new(TotpDevices::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(TotpDevices::UserId).uuid().not_null())
            .col(ColumnDef::new(TotpDevices::Name).text().not_null())
            .col(bytewise_text(manager, TotpDevices::NameKey).not_null())
            .col(ColumnDef::new(TotpDevices::Secret).binary().not_null())
            .col(ColumnDef::new(TotpDevices::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(TotpDevices::ConfirmedAt).timestamp_with_time_zone())
            .col(ColumnDef::new(TotpDevices::LastStep).big_integer())
            .foreign_key(&mut of_user("fk_totp_devices_user_id", TotpDevices::Table, TotpDevices::UserId))
            .to_owned();
        manager.create_table(devices).await?;
        // The repository tells by its name which value was taken.
        let by_name = Index::create()
            .name("uq_totp_devices_user_id_name_key")
            .table(TotpDevices::Table)
            .col(TotpDevices::UserId)
            .col(TotpDevices::NameKey)
            .unique()
            .to_owned();
        manager.create_index(by_name).await?;
        let codes = Table::create()
            .table(RecoveryCodes::Table)
            .col(ColumnDef::new(RecoveryCodes::UserId).uuid().not_null())
            .col(ColumnDef::new(RecoveryCodes::Code).binary().not_null())
            .primary_key(Index::create().col(RecoveryCodes::UserId).col(RecoveryCodes::Code))
            .foreign_key(&mut of_user("fk_recovery_codes_user_id", RecoveryCodes::Table, RecoveryCodes::UserId))
            .to_owned();
        manager.create_table(codes).await?;
        let attempts = Table::create()
            .table(TotpAttempts::Table)
            .col(ColumnDef::new(TotpAttempts::UserId).uuid().not_null().primary_key())
            .col(ColumnDef::new(TotpAttempts::InARow).integer().not_null())
            .foreign_key(&mut of_user("fk_totp_attempts_user_id", TotpAttempts::Table, TotpAttempts::UserId))
            .to_owned();
        manager.create_table(attempts).await?;
        // What was proven before a second factor is asked for, and the epoch of the account by then.
        for column in [
            ColumnDef::new(OneTimeTokens::Proven).text().to_owned(),
            ColumnDef::new(OneTimeTokens::Epoch).big_integer().to_owned(),
        ] {
            manager.alter_table(Table::alter().table(OneTimeTokens::Table).add_column(column).to_owned()).await?;
        }
        // What the letter about a recovery code says.
        let codes_left = ColumnDef::new(Outbox::CodesLeft).big_integer().to_owned();
        manager.alter_table(Table::alter().table(Outbox::Table).add_column(codes_left).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let codes_left = Table::alter().table(Outbox::Table).drop_column(Outbox::CodesLeft).to_owned();
        manager.alter_table(codes_left).await?;
        for column in [OneTimeTokens::Epoch, OneTimeTokens::Proven] {
            manager.alter_table(Table::alter().table(OneTimeTokens::Table).drop_column(column).to_owned()).await?;
        }
        manager.drop_table(Table::drop().table(TotpAttempts::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(RecoveryCodes::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(TotpDevices::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum TotpDevices {
    Table,
    Id,
    UserId,
    Name,
    NameKey,
    Secret,
    CreatedAt,
    ConfirmedAt,
    LastStep,
}

#[derive(DeriveIden)]
enum RecoveryCodes {
    Table,
    UserId,
    Code,
}

#[derive(DeriveIden)]
enum TotpAttempts {
    Table,
    UserId,
    InARow,
}

#[derive(DeriveIden)]
enum OneTimeTokens {
    Table,
    Proven,
    Epoch,
}

#[derive(DeriveIden)]
enum Outbox {
    Table,
    CodesLeft,
}
