//! Upstream servers and, in a table of their own, their sealed secrets.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait, SchemaManager, Table,
};
use sea_orm_migration::schema::{
    big_integer, blob, boolean, integer, pk_uuid, text, text_null, timestamp_with_time_zone, uuid,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("servers")
                    .col(pk_uuid("id"))
                    .col(uuid("project_id"))
                    .col(text("alias"))
                    .col(text("name"))
                    .col(boolean("enabled"))
                    .col(text("transport"))
                    .col(text_null("command"))
                    .col(text_null("cwd"))
                    .col(text_null("url"))
                    .col(big_integer("call_timeout_ms"))
                    .col(text("extra"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("updated_at"))
                    .col(integer("version"))
                    .col(integer("generation"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("servers_project")
                            .from("servers", "project_id")
                            .to("projects", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("servers_project_id_alias")
                    .table("servers")
                    .col("project_id")
                    .col("alias")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("secrets")
                    .col(pk_uuid("id"))
                    .col(uuid("server_id"))
                    .col(text("slot_kind"))
                    .col(text("slot_name"))
                    .col(integer("slot_position"))
                    .col(blob("sealed"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("secrets_server")
                            .from("secrets", "server_id")
                            .to("servers", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("secrets_slot")
                    .table("secrets")
                    .col("server_id")
                    .col("slot_kind")
                    .col("slot_name")
                    .col("slot_position")
                    .unique()
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("secrets").to_owned()).await?;
        manager.drop_table(Table::drop().table("servers").to_owned()).await?;
        Ok(())
    }
}
