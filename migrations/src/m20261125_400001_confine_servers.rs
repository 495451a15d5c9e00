//! Limits and sandbox of servers.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table};
use sea_orm_migration::schema::text_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One column at a time: SQLite takes no more.
        for column in ["limits", "sandbox"] {
            manager.alter_table(Table::alter().table("servers").add_column(text_null(column)).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["sandbox", "limits"] {
            manager.alter_table(Table::alter().table("servers").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
