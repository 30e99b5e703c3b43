use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let passwords = Table::create()
            .table(Passwords::Table)
            .col(ColumnDef::new(Passwords::UserId).uuid().not_null().primary_key())
            .col(ColumnDef::new(Passwords::Hash).text().not_null())
            .col(ColumnDef::new(Passwords::ChangedAt).timestamp_with_time_zone().not_null())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_passwords_user_id")
                    .from(Passwords::Table, Passwords::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(passwords).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Passwords::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Passwords {
    Table,
    UserId,
    Hash,
    ChangedAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}
