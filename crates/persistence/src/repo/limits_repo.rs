//! Limits in `project_limits` and `instance_limits`.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::port::limits_repo::LimitsRepo;
use orch_domain::quota::StoredLimits;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::database::Database;
use crate::entity::{document, instance_limits, project_limits, to_signed};
use crate::store_error::{Refusal, unavailable};
use crate::writing::all_set;

#[derive(Debug, Clone)]
pub struct SeaLimitsRepo {
    database: Database,
}

impl SeaLimitsRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// The number of the one row of the instance.
const INSTANCE: i32 = 1;
const THE_LIMITS: &str = "the limits";
const READING: &str = "reading limits";

#[async_trait]
impl LimitsRepo for SeaLimitsRepo {
    async fn find(&self, project: Option<ProjectId>) -> Result<StoredLimits, StoreError> {
        find(self.database.reader(), project).await
    }

    async fn put(
        &self,
        project: Option<ProjectId>,
        limits: &StoredLimits,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let refusal = Refusal { doing: "writing limits", taken: THE_LIMITS, missing: "the project" };
        let mut writing = self.database.write(refusal.doing).await?;
        if find(writing.conn(), project).await?.version + 1 != limits.version {
            return Err(StoreError::Stale { what: THE_LIMITS });
        }
        let (version, text) = (to_signed(limits.version), document::write_limits(limits.limits));
        let written = match project {
            Some(id) => {
                use project_limits::{ActiveModel, Column, Entity, Model};
                let row: ActiveModel = all_set(Model { project_id: id.as_uuid(), version, limits: text });
                let over =
                    OnConflict::column(Column::ProjectId).update_columns([Column::Version, Column::Limits]).to_owned();
                Entity::insert(row).on_conflict(over).exec_without_returning(writing.conn()).await
            }
            None => {
                use instance_limits::{ActiveModel, Column, Entity, Model};
                let row: ActiveModel = all_set(Model { id: INSTANCE, version, limits: text });
                let over = OnConflict::column(Column::Id).update_columns([Column::Version, Column::Limits]).to_owned();
                Entity::insert(row).on_conflict(over).exec_without_returning(writing.conn()).await
            }
        };
        written.map_err(refusal.explain())?;
        writing.audit(audit).await?;
        writing.announce(project.map_or(Change::Everything, Change::Project));
        writing.commit().await
    }
}

/// As stored, or nothing.
pub(crate) async fn find(conn: &impl ConnectionTrait, project: Option<ProjectId>) -> Result<StoredLimits, StoreError> {
    match project {
        Some(id) => {
            let found = project_limits::Entity::find_by_id(id.as_uuid()).one(conn).await;
            let found = found.map_err(unavailable(READING))?;
            found.map_or(Ok(StoredLimits::default()), project_limits::Model::into_limits)
        }
        None => {
            let found = instance_limits::Entity::find_by_id(INSTANCE).one(conn).await;
            let found = found.map_err(unavailable(READING))?;
            found.map_or(Ok(StoredLimits::default()), instance_limits::Model::into_limits)
        }
    }
}
