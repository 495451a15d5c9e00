//! How each server is run, as JSON, and what a project does with tools that strict clients refuse.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table};
use sea_orm_migration::schema::text;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let run = text("run").default("{}").to_owned();
        manager.alter_table(Table::alter().table("servers").add_column(run).to_owned()).await?;
        let flawed = text("flawed_tools").default("repair").to_owned();
        manager.alter_table(Table::alter().table("projects").add_column(flawed).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("projects").drop_column("flawed_tools").to_owned()).await?;
        manager.alter_table(Table::alter().table("servers").drop_column("run").to_owned()).await
    }
}
