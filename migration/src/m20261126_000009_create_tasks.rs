use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tasks = Table::create()
            .table(Tasks::Table)
            .col(ColumnDef::new(Tasks::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(Tasks::OwnerId).uuid().not_null())
            .col(ColumnDef::new(Tasks::Title).text().not_null())
            .col(ColumnDef::new(Tasks::Description).text())
            .col(ColumnDef::new(Tasks::Status).text().not_null())
            .col(ColumnDef::new(Tasks::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(Tasks::UpdatedAt).timestamp_with_time_zone().not_null())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_tasks_owner_id")
                    .from(Tasks::Table, Tasks::OwnerId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(tasks).await?;
        // For the list of all tasks of a user, and for the deletion of the user.
        let by_age = Index::create()
            .name("ix_tasks_owner_id_created_at")
            .table(Tasks::Table)
            .col(Tasks::OwnerId)
            .col(Tasks::CreatedAt)
            .col(Tasks::Id)
            .to_owned();
        manager.create_index(by_age).await?;
        // For the list of tasks of one status, which may be few among many.
        let by_status = Index::create()
            .name("ix_tasks_owner_id_status_created_at")
            .table(Tasks::Table)
            .col(Tasks::OwnerId)
            .col(Tasks::Status)
            .col(Tasks::CreatedAt)
            .col(Tasks::Id)
            .to_owned();
        manager.create_index(by_status).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Tasks::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Tasks {
    Table,
    Id,
    OwnerId,
    Title,
    Description,
    Status,
    CreatedAt,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}
