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
        let identities = Table::create()
            .table(Identities::Table)
            .col(ColumnDef::new(Identities::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Identities::UserId).uuid().not_null())
            .col(ColumnDef::new(Identities::Provider).text().not_null())
            .col(bytewise_text(manager, Identities::Issuer).not_null())
            .col(bytewise_text(manager, Identities::Subject).not_null())
            .col(ColumnDef::new(Identities::Email).text())
            .col(ColumnDef::new(Identities::CreatedAt).timestamp_with_time_zone().not_null())
            .foreign_key(&mut of_user("fk_identities_user_id", Identities::Table, Identities::UserId))
            .to_owned();
        manager.create_table(identities).await?;
        // An account at a provider is one user's. The repository tells by its name which value was taken.
        let by_account = Index::create()
            .name("uq_identities_issuer_subject")
            .table(Identities::Table)
            .col(Identities::Issuer)
            .col(Identities::Subject)
            .unique()
            .to_owned();
        manager.create_index(by_account).await?;
        let by_user =
            Index::create().name("ix_identities_user_id").table(Identities::Table).col(Identities::UserId).to_owned();
        manager.create_index(by_user).await?;
        let flows = Table::create()
            .table(ProviderFlows::Table)
            .col(ColumnDef::new(ProviderFlows::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(ProviderFlows::Provider).text().not_null())
            .col(ColumnDef::new(ProviderFlows::Nonce).binary().not_null())
            .col(ColumnDef::new(ProviderFlows::Browser).binary())
            .col(ColumnDef::new(ProviderFlows::ReturnTo).text().not_null())
            .col(ColumnDef::new(ProviderFlows::CodeChallenge).binary())
            .col(ColumnDef::new(ProviderFlows::UserId).uuid())
            .col(ColumnDef::new(ProviderFlows::SessionId).uuid())
            .col(ColumnDef::new(ProviderFlows::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(ProviderFlows::ExpiresAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(ProviderFlows::AnsweredAt).timestamp_with_time_zone())
            .col(ColumnDef::new(ProviderFlows::Issuer).text())
            .col(ColumnDef::new(ProviderFlows::Subject).text())
            .col(ColumnDef::new(ProviderFlows::Email).text())
            .col(ColumnDef::new(ProviderFlows::EmailVerified).boolean())
            .col(ColumnDef::new(ProviderFlows::CodeExpiresAt).timestamp_with_time_zone())
            .col(ColumnDef::new(ProviderFlows::RedeemedAt).timestamp_with_time_zone())
            .foreign_key(&mut of_user("fk_provider_flows_user_id", ProviderFlows::Table, ProviderFlows::UserId))
            .to_owned();
        manager.create_table(flows).await?;
        for (name, column) in [
            ("ix_provider_flows_expires_at", ProviderFlows::ExpiresAt),
            ("ix_provider_flows_user_id", ProviderFlows::UserId),
        ] {
            let index = Index::create().name(name).table(ProviderFlows::Table).col(column).to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(ProviderFlows::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Identities::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Identities {
    Table,
    Id,
    UserId,
    Provider,
    Issuer,
    Subject,
    Email,
    CreatedAt,
}

#[derive(DeriveIden)]
enum ProviderFlows {
    Table,
    Id,
    Provider,
    Nonce,
    Browser,
    ReturnTo,
    CodeChallenge,
    UserId,
    SessionId,
    CreatedAt,
    ExpiresAt,
    AnsweredAt,
    Issuer,
    Subject,
    Email,
    EmailVerified,
    CodeExpiresAt,
    RedeemedAt,
}
