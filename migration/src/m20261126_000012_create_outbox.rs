use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Exactly one of `due_at`, `sent_at` and `died_at` is set. A mail outlives the account and the token that it is
    /// about, hence no foreign keys.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let outbox = Table::create()
            .table(Outbox::Table)
            .col(ColumnDef::new(Outbox::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Outbox::Recipient).text().not_null())
            .col(ColumnDef::new(Outbox::RecipientKey).text().not_null())
            .col(ColumnDef::new(Outbox::Locale).text().not_null())
            .col(ColumnDef::new(Outbox::Kind).text().not_null())
            .col(ColumnDef::new(Outbox::Device).text())
            .col(ColumnDef::new(Outbox::Address).text())
            .col(ColumnDef::new(Outbox::TokenId).uuid())
            .col(ColumnDef::new(Outbox::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(Outbox::Attempts).big_integer().not_null())
            .col(ColumnDef::new(Outbox::LastError).text())
            .col(ColumnDef::new(Outbox::DueAt).timestamp_with_time_zone())
            .col(ColumnDef::new(Outbox::SentAt).timestamp_with_time_zone())
            .col(ColumnDef::new(Outbox::DiedAt).timestamp_with_time_zone())
            .to_owned();
        manager.create_table(outbox).await?;
        // For whoever sends what is due.
        manager.create_index(index("ix_outbox_due_at", Outbox::DueAt)).await?;
        // For the clean-up.
        manager.create_index(index("ix_outbox_sent_at", Outbox::SentAt)).await?;
        manager.create_index(index("ix_outbox_died_at", Outbox::DiedAt)).await?;
        // For whoever asks what is held about them.
        manager.create_index(index("ix_outbox_recipient_key", Outbox::RecipientKey)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Outbox::Table).to_owned()).await
    }
}

fn index(name: &str, column: Outbox) -> IndexCreateStatement {
    Index::create().name(name).table(Outbox::Table).col(column).to_owned()
}

#[derive(DeriveIden)]
enum Outbox {
    Table,
    Id,
    Recipient,
    RecipientKey,
    Locale,
    Kind,
    Device,
    Address,
    TokenId,
    CreatedAt,
    Attempts,
    LastError,
    DueAt,
    SentAt,
    DiedAt,
}
