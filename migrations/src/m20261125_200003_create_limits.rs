//! Limits of each project, and those of the instance in one row of their own.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, MigrationTrait, SchemaManager, Table,
};
use sea_orm_migration::schema::{integer, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("project_limits")
                    .col(uuid("project_id").primary_key())
                    .col(integer("version"))
                    .col(text("limits"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("project_limits_project")
                            .from("project_limits", "project_id")
                            .to("projects", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("instance_limits")
                    // There is one row, with the number 1.
                    .col(integer("id").primary_key())
                    .col(integer("version"))
                    .col(text("limits"))
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("instance_limits").to_owned()).await?;
        manager.drop_table(Table::drop().table("project_limits").to_owned()).await?;
        Ok(())
    }
}
