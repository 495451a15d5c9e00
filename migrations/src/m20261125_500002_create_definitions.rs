//! The definitions that tools, prompts and resources had in the course of time.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait, SchemaManager, Table,
};
use sea_orm_migration::schema::{pk_uuid, text, timestamp_with_time_zone, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("definitions")
                    .col(pk_uuid("id"))
                    .col(uuid("server_id"))
                    .col(text("kind"))
                    .col(text("name_hash"))
                    .col(text("hash"))
                    .col(text("definition"))
                    .col(timestamp_with_time_zone("first_seen"))
                    .col(timestamp_with_time_zone("last_seen"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("definitions_server")
                            .from("definitions", "server_id")
                            .to("servers", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        // Not of the name itself: a URI may be longer than what an index takes.
        manager
            .create_index(
                Index::create()
                    .name("definitions_item")
                    .table("definitions")
                    .col("server_id")
                    .col("kind")
                    .col("name_hash")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("definitions").to_owned()).await
    }
}
