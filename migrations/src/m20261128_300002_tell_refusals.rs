//! Why calls were refused, and how long they waited for an approval.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let uuid = if manager.get_database_backend() == DatabaseBackend::Postgres { "UUID" } else { "BLOB" };
        let steps = [
            "ALTER TABLE call_shapes ADD COLUMN reason SMALLINT".to_owned(),
            format!("ALTER TABLE call_shapes ADD COLUMN rule_id {uuid}"),
            "ALTER TABLE calls ADD COLUMN waited_us BIGINT".to_owned(),
        ];
        for step in steps {
            manager.get_connection().execute_unprepared(&step).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let steps = [
            "ALTER TABLE calls DROP COLUMN waited_us",
            "ALTER TABLE call_shapes DROP COLUMN rule_id",
            "ALTER TABLE call_shapes DROP COLUMN reason",
        ];
        for step in steps {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }
}
