//! By what the secrets of the instance are recognised, in one row.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table};
use sea_orm_migration::schema::{blob, integer, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("secret_checks")
                    // There is one row, with the number 1.
                    .col(integer("id").primary_key())
                    .col(text("jwt_secret"))
                    .col(blob("canary"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("secret_checks").to_owned()).await
    }
}
