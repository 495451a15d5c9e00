//! What a project wants of the arguments of calls, and what is kept of them. Also how often the shapes of a chain's calls
//! were swept: a number of a shape that was learnt before is not to be trusted after.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let blob = if manager.get_database_backend() == DatabaseBackend::Postgres { "BYTEA" } else { "BLOB" };
        let steps = [
            "ALTER TABLE projects ADD COLUMN recorded_arguments TEXT NOT NULL DEFAULT 'nothing'".to_owned(),
            "ALTER TABLE projects ADD COLUMN hidden_arguments TEXT NOT NULL DEFAULT '[]'".to_owned(),
            format!("ALTER TABLE calls ADD COLUMN arguments {blob}"),
            "ALTER TABLE audit_chains ADD COLUMN sweeps BIGINT NOT NULL DEFAULT 0".to_owned(),
        ];
        for step in steps {
            manager.get_connection().execute_unprepared(&step).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let steps = [
            "ALTER TABLE audit_chains DROP COLUMN sweeps",
            "ALTER TABLE calls DROP COLUMN arguments",
            "ALTER TABLE projects DROP COLUMN hidden_arguments",
            "ALTER TABLE projects DROP COLUMN recorded_arguments",
        ];
        for step in steps {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }
}
