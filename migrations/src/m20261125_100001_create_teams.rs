//! Teams, who is in them, and what projects grant to them.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait, SchemaManager, Table,
};
use sea_orm_migration::schema::{integer, pk_uuid, text, timestamp_with_time_zone, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("teams")
                    .col(pk_uuid("id"))
                    .col(text("slug"))
                    .col(text("name"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("updated_at"))
                    .col(integer("version"))
                    .to_owned(),
            )
            .await?;
        manager.create_index(Index::create().name("teams_slug").table("teams").col("slug").unique().to_owned()).await?;
        create_memberships(manager).await?;
        create_grants(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("team_grants").to_owned()).await?;
        manager.drop_table(Table::drop().table("team_memberships").to_owned()).await?;
        manager.drop_table(Table::drop().table("teams").to_owned()).await?;
        Ok(())
    }
}

async fn create_memberships(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("team_memberships")
                .col(uuid("team_id"))
                .col(uuid("user_id"))
                .col(text("role"))
                .col(timestamp_with_time_zone("created_at"))
                .primary_key(Index::create().name("team_memberships_pkey").col("team_id").col("user_id"))
                .foreign_key(
                    ForeignKey::create()
                        .name("team_memberships_team")
                        .from("team_memberships", "team_id")
                        .to("teams", "id")
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .foreign_key(
                    ForeignKey::create()
                        .name("team_memberships_user")
                        .from("team_memberships", "user_id")
                        .to("users", "id")
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await?;
    manager
        .create_index(
            Index::create().name("team_memberships_user_id").table("team_memberships").col("user_id").to_owned(),
        )
        .await
}

async fn create_grants(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("team_grants")
                .col(uuid("project_id"))
                .col(uuid("team_id"))
                .col(text("role"))
                .col(timestamp_with_time_zone("created_at"))
                .primary_key(Index::create().name("team_grants_pkey").col("project_id").col("team_id"))
                .foreign_key(
                    ForeignKey::create()
                        .name("team_grants_project")
                        .from("team_grants", "project_id")
                        .to("projects", "id")
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .foreign_key(
                    ForeignKey::create()
                        .name("team_grants_team")
                        .from("team_grants", "team_id")
                        .to("teams", "id")
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await?;
    manager
        .create_index(Index::create().name("team_grants_team_id").table("team_grants").col("team_id").to_owned())
        .await
}
