//! Invitations and password resets; of the token in a link there is only a keyed hash.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait, SchemaManager, Table,
};
use sea_orm_migration::schema::{
    blob, pk_uuid, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reference = |name: &str, column: &'static str, table: &'static str, end: ForeignKeyAction| {
            ForeignKey::create().name(name).from("invitations", column).to(table, "id").on_delete(end).to_owned()
        };
        manager
            .create_table(
                Table::create()
                    .table("invitations")
                    .col(pk_uuid("id"))
                    .col(text("email"))
                    .col(text("kind"))
                    .col(uuid_null("project_id"))
                    .col(uuid_null("team_id"))
                    .col(text("role"))
                    .col(uuid_null("inviter_id"))
                    .col(text("origin"))
                    .col(blob("hash"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .col(text("state"))
                    .col(timestamp_with_time_zone_null("ended_at"))
                    .col(uuid_null("accepted_by"))
                    .col(text("mail"))
                    .col(timestamp_with_time_zone_null("mail_at"))
                    .col(text_null("mail_error"))
                    .foreign_key(&mut reference(
                        "invitations_project",
                        "project_id",
                        "projects",
                        ForeignKeyAction::Cascade,
                    ))
                    .foreign_key(&mut reference("invitations_team", "team_id", "teams", ForeignKeyAction::Cascade))
                    .to_owned(),
            )
            .await?;
        for (name, column) in [
            ("invitations_email", "email"),
            ("invitations_project_id", "project_id"),
            ("invitations_team_id", "team_id"),
        ] {
            let index = Index::create().name(name).table("invitations").col(column).to_owned();
            manager.create_index(index).await?;
        }
        let index = Index::create().name("invitations_hash").table("invitations").col("hash").unique().to_owned();
        manager.create_index(index).await?;
        manager
            .create_table(
                Table::create()
                    .table("password_resets")
                    .col(blob("hash").primary_key())
                    .col(uuid("user_id"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("password_resets_user")
                            .from("password_resets", "user_id")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        let index = Index::create().name("password_resets_user_id").table("password_resets").col("user_id").to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("password_resets").to_owned()).await?;
        manager.drop_table(Table::drop().table("invitations").to_owned()).await?;
        Ok(())
    }
}
