//! What users have marked to find it again.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, MigrationTrait,
    SchemaManager, Table,
};
use sea_orm_migration::schema::{pk_uuid, text, text_null, timestamp_with_time_zone, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("stars")
                    .col(pk_uuid("id"))
                    .col(uuid("user_id"))
                    .col(uuid("project_id"))
                    .col(uuid_null("server_id"))
                    .col(text_null("tool"))
                    // All of what is starred in one text, as NULL is not equal to itself in an index.
                    .col(text("target"))
                    .col(timestamp_with_time_zone("created_at"))
                    .foreign_key(&mut belongs_to("stars_user", "user_id", "users"))
                    .foreign_key(&mut belongs_to("stars_project", "project_id", "projects"))
                    .foreign_key(&mut belongs_to("stars_server", "server_id", "servers"))
                    .to_owned(),
            )
            .await?;
        let unique =
            Index::create().name("stars_target").table("stars").col("user_id").col("target").unique().to_owned();
        manager.create_index(unique).await?;
        for column in ["project_id", "server_id"] {
            let name = format!("stars_{column}");
            manager.create_index(Index::create().name(name).table("stars").col(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("stars").to_owned()).await?;
        Ok(())
    }
}

fn belongs_to(name: &'static str, column: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from("stars", column)
        .to(table, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}
