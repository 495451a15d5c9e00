//! Sealed values that members brought along for themselves.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait, SchemaManager, Table,
};
use sea_orm_migration::schema::{blob, pk_uuid, text, timestamp_with_time_zone, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("personal_secrets")
                    // Made of the server, the account and the slot, so it is unique as they are.
                    .col(pk_uuid("id"))
                    .col(uuid("server_id"))
                    .col(uuid("user_id"))
                    .col(text("slot_kind"))
                    .col(text("slot_name"))
                    .col(blob("sealed"))
                    .col(timestamp_with_time_zone("updated_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("personal_secrets_server")
                            .from("personal_secrets", "server_id")
                            .to("servers", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("personal_secrets_user")
                            .from("personal_secrets", "user_id")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("personal_secrets_server_user")
                    .table("personal_secrets")
                    .col("server_id")
                    .col("user_id")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("personal_secrets").to_owned()).await
    }
}
