//! What users like to see, and where logins were opened and last seen.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table};
use sea_orm_migration::schema::{text_null, timestamp_with_time_zone_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One column for each statement: SQLite adds no more at once.
        for column in ["language", "theme"] {
            let table = Table::alter().table("users").add_column(text_null(column)).to_owned();
            manager.alter_table(table).await?;
        }
        for column in ["client", "address"] {
            let table = Table::alter().table("logins").add_column(text_null(column)).to_owned();
            manager.alter_table(table).await?;
        }
        let seen = timestamp_with_time_zone_null("seen_at");
        manager.alter_table(Table::alter().table("logins").add_column(seen).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("logins", "seen_at"),
            ("logins", "address"),
            ("logins", "client"),
            ("users", "theme"),
            ("users", "language"),
        ] {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
