//! How each server is spoken with: which era, and whether it may ask.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table};
use sea_orm_migration::schema::text;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["era", "interactive"] {
            let column = text(column).default("auto").take();
            manager.alter_table(Table::alter().table("servers").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["interactive", "era"] {
            manager.alter_table(Table::alter().table("servers").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
