//! Rules of projects in `policies`.

use std::collections::HashSet;

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::policy::rule::{Policy, Rule};
use orch_domain::port::policy_repo::PolicyRepo;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::database::Database;
use crate::entity::policy::{Column, Entity, Model};
use crate::entity::{document, server, to_signed};
use crate::store_error::{Refusal, unavailable};
use crate::writing::{Writing, all_set};

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
const WRITING: &str = "writing a policy";

#[async_trait]
impl PolicyRepo for SeaPolicyRepo {
    async fn find(&self, project: ProjectId) -> Result<Policy, StoreError> {
        let found = Entity::find_by_id(project.as_uuid()).one(self.database.reader()).await;
        found.map_err(unavailable("reading a policy"))?.map_or(Ok(Policy::default()), Model::into_policy)
    }

    async fn put(&self, project: ProjectId, policy: &Policy, audit: &AuditEntry) -> Result<Policy, StoreError> {
        let refusal = Refusal { doing: WRITING, taken: THE_POLICY, missing: "the project" };
        let mut writing = self.database.write(refusal.doing).await?;
        let stored = Entity::find_by_id(project.as_uuid()).one(writing.conn()).await;
        let stored = stored.map_err(unavailable(refusal.doing))?.map_or(0, |row| row.version);
        if stored + 1 != to_signed(policy.version) {
            return Err(StoreError::Stale { what: THE_POLICY });
        }
        let rules = rules_for(&writing, project, policy).await?;
        if stored == 0 {
            let document = document::write_rules(&rules);
            let row = Model { project_id: project.as_uuid(), version: to_signed(policy.version), rules: document };
            let inserted = Entity::insert(all_set(row)).exec_without_returning(writing.conn()).await;
            inserted.map_err(refusal.explain())?;
        } else {
            update(&writing, project, &rules, policy.version).await?;
        }
        writing.audit(audit).await?;
        writing.announce(Change::Project(project));
        writing.commit().await?;
        Ok(Policy::new(rules, policy.version))
    }
}

/// Takes the switches of servers that the project has no more away, as a part of the write that takes a server.
pub(crate) async fn forget_switches(writing: &Writing, project: ProjectId) -> Result<(), StoreError> {
    let found = Entity::find_by_id(project.as_uuid()).one(writing.conn()).await.map_err(unavailable(WRITING))?;
    let Some(policy) = found.map(Model::into_policy).transpose()? else { return Ok(()) };
    let rules = rules_for(writing, project, &policy).await?;
    if rules.len() == policy.rules().len() {
        return Ok(());
    }
    update(writing, project, &rules, policy.version.saturating_add(1)).await
}

/// What is to be stored of the policy: a switch can be written by who has still seen its server.
async fn rules_for(writing: &Writing, project: ProjectId, policy: &Policy) -> Result<Vec<Rule>, StoreError> {
    let servers: Vec<Uuid> = server::Entity::find()
        .select_only()
        .column(server::Column::Id)
        .filter(server::Column::ProjectId.eq(project.as_uuid()))
        .into_tuple()
        .all(writing.conn())
        .await
        .map_err(unavailable("finding the servers of a project"))?;
    let servers: HashSet<_> = servers.into_iter().collect();
    Ok(policy.rules_for(|server| servers.contains(&server.as_uuid())))
}

async fn update(writing: &Writing, project: ProjectId, rules: &[Rule], version: u32) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::Version, Expr::value(to_signed(version)))
        .col_expr(Column::Rules, Expr::value(document::write_rules(rules)))
        .filter(Column::ProjectId.eq(project.as_uuid()))
        .exec(writing.conn())
        .await
        .map(|_| ())
        .map_err(unavailable(WRITING))
}
