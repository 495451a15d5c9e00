//! The record of calls. No foreign keys: a record outlives the project, server, user and key it names.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, pk_uuid, text, timestamp_with_time_zone, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("calls")
                    .col(pk_uuid("id"))
                    .col(timestamp_with_time_zone("at"))
                    .col(uuid("project_id"))
                    .col(uuid("user_id"))
                    .col(uuid_null("key_id"))
                    .col(text("client"))
                    .col(uuid_null("server_id"))
                    .col(text("server"))
                    .col(text("kind"))
                    .col(text("target"))
                    .col(big_integer("duration_us"))
                    .col(text("outcome"))
                    .col(big_integer_null("code"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("calls_project_id").table("calls").col("project_id").col("id").to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("calls_project_id_user_id")
                    .table("calls")
                    .col("project_id")
                    .col("user_id")
                    .col("id")
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("calls").to_owned()).await?;
        Ok(())
    }
}
