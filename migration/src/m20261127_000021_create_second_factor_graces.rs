use sea_orm_migration::prelude::*;

use crate::of_user;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let graces = Table::create()
            .table(SecondFactorGraces::Table)
            .col(ColumnDef::new(SecondFactorGraces::UserId).uuid().not_null().primary_key())
            .col(ColumnDef::new(SecondFactorGraces::BeganAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(SecondFactorGraces::ResetAt).timestamp_with_time_zone())
            .foreign_key(&mut of_user(
                "fk_second_factor_graces_user_id",
                SecondFactorGraces::Table,
                SecondFactorGraces::UserId,
            ))
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
