use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Rows outlive the users, sessions and keys they are about, hence no foreign keys.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let events = Table::create()
            .table(Events::Table)
            .col(ColumnDef::new(Events::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Events::At).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(Events::Kind).text().not_null())
            .col(ColumnDef::new(Events::Subject).uuid())
            .col(ColumnDef::new(Events::ActorKind).text().not_null())
            .col(ColumnDef::new(Events::ActorId).text())
            .col(ColumnDef::new(Events::ActorSession).uuid())
            .col(ColumnDef::new(Events::Session).uuid())
            .col(ColumnDef::new(Events::Address).text())
            .col(ColumnDef::new(Events::Details).json_binary().not_null())
            .to_owned();
        manager.create_table(events).await?;
        // For the removal of old events.
        let by_age = Index::create().name("ix_events_at").table(Events::Table).col(Events::At).to_owned();
        manager.create_index(by_age).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Events::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Events {
    Table,
    Id,
    At,
    Kind,
    Subject,
    ActorKind,
    ActorId,
    ActorSession,
    Session,
    Address,
    Details,
}
