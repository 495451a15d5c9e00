//! Between which times the calls of a stretch of a chain are, so that those of a time are found whatever order they were
//! stored in. A stretch has 1024 numbers; calls that are there already are looked through once.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let clustered = if manager.get_database_backend() == DatabaseBackend::Postgres { "" } else { " WITHOUT ROWID" };
        let steps = [
            format!(
                "CREATE TABLE call_stretches (chain BIGINT NOT NULL, stretch BIGINT NOT NULL, min_at BIGINT NOT NULL, \
                 max_at BIGINT NOT NULL, PRIMARY KEY (chain, stretch)){clustered}"
            ),
            "INSERT INTO call_stretches (chain, stretch, min_at, max_at) \
             SELECT chain, seq / 1024, MIN(at), MAX(at) FROM calls GROUP BY chain, seq / 1024"
                .to_owned(),
        ];
        for step in steps {
            manager.get_connection().execute_unprepared(&step).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE call_stretches").await?;
        Ok(())
    }
}
