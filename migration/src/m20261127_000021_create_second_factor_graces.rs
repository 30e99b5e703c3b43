use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut of_user = ForeignKey::create()
            .name("fk_second_factor_graces_user_id")
            .from(SecondFactorGraces::Table, SecondFactorGraces::UserId)
            .to(Users::Table, Users::Id)
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        let graces = Table::create()
            .table(SecondFactorGraces::Table)
            .col(ColumnDef::new(SecondFactorGraces::UserId).uuid().not_null().primary_key())
            .col(ColumnDef::new(SecondFactorGraces::BeganAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(SecondFactorGraces::ResetAt).timestamp_with_time_zone())
            .foreign_key(&mut of_user)
            .to_owned();
        manager.create_table(graces).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(SecondFactorGraces::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum SecondFactorGraces {
    Table,
    UserId,
    BeganAt,
    ResetAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}
