//! Rules of projects in `policies`.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::policy::rule::Policy;
use orch_domain::port::policy_repo::PolicyRepo;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::database::Database;
use crate::entity::policy::{Column, Entity, Model};
use crate::entity::{document, to_signed};
use crate::store_error::{Refusal, unavailable};
use crate::writing::all_set;

#[derive(Debug, Clone)]
pub struct SeaPolicyRepo {
    database: Database,
}

impl SeaPolicyRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

const THE_POLICY: &str = "the policy";

#[async_trait]
impl PolicyRepo for SeaPolicyRepo {
    async fn find(&self, project: ProjectId) -> Result<Policy, StoreError> {
        let found = Entity::find_by_id(project.as_uuid()).one(self.database.reader()).await;
        found.map_err(unavailable("reading a policy"))?.map_or(Ok(Policy::default()), Model::into_policy)
    }

    async fn put(&self, project: ProjectId, policy: &Policy, audit: &AuditEntry) -> Result<(), StoreError> {
        let refusal = Refusal { doing: "writing a policy", taken: THE_POLICY, missing: "the project" };
        let mut writing = self.database.write(refusal.doing).await?;
        let stored = Entity::find_by_id(project.as_uuid()).one(writing.conn()).await;
        let stored = stored.map_err(unavailable(refusal.doing))?.map_or(0, |row| row.version);
        if stored + 1 != to_signed(policy.version) {
            return Err(StoreError::Stale { what: THE_POLICY });
        }
        let rules = document::write_rules(policy.rules());
        if stored == 0 {
            let row = Model { project_id: project.as_uuid(), version: to_signed(policy.version), rules };
            let inserted = Entity::insert(all_set(row)).exec_without_returning(writing.conn()).await;
            inserted.map_err(refusal.explain())?;
        } else {
            Entity::update_many()
                .col_expr(Column::Version, Expr::value(to_signed(policy.version)))
                .col_expr(Column::Rules, Expr::value(rules))
                .filter(Column::ProjectId.eq(project.as_uuid()))
                .exec(writing.conn())
                .await
                .map_err(unavailable(refusal.doing))?;
        }
        writing.audit(audit).await?;
        writing.announce(Change::Project(project));
        writing.commit().await
    }
}
