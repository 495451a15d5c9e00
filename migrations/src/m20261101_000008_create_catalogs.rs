//! The last good lists of each server, as the upstream wrote them.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait, SchemaManager, Table,
};
use sea_orm_migration::schema::{integer, text, timestamp_with_time_zone, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("catalogs")
                    .col(uuid("server_id").primary_key())
                    .col(timestamp_with_time_zone("fetched_at"))
                    .col(text("handshake"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("catalogs_server")
                            .from("catalogs", "server_id")
                            .to("servers", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("catalog_items")
                    .col(uuid("server_id"))
                    .col(integer("position"))
                    .col(text("kind"))
                    .col(text("name"))
                    .col(text("definition"))
                    .primary_key(Index::create().name("catalog_items_pkey").col("server_id").col("position"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("catalog_items_catalog")
                            .from("catalog_items", "server_id")
                            .to("catalogs", "server_id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("catalog_items").to_owned()).await?;
        manager.drop_table(Table::drop().table("catalogs").to_owned()).await?;
        Ok(())
    }
}
