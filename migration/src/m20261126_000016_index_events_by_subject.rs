use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// For users who ask what is held about them. An id of version 7 has its time in it.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_subject = Index::create()
            .name("ix_events_subject")
            .table(Events::Table)
            .col(Events::Subject)
            .col(Events::Id)
            .to_owned();
        manager.create_index(by_subject).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("ix_events_subject").table(Events::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Events {
    Table,
    Subject,
    Id,
}
