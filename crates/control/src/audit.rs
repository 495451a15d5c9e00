//! The audit trail: reading it, and the making of its entries. Never holds a secret.

use std::fmt::{self, Display};
use std::sync::Arc;

use orch_domain::Timestamp;
use orch_domain::audit::{AuditEntry, AuditRecord, AuditTarget};
use orch_domain::id::{AuditId, ProjectId};
use orch_domain::page::{Page, PageRequest};
use orch_domain::policy::{Action, Permit};
use orch_domain::principal::Principal;

use crate::access::{Access, Grant, TeamPass};
use crate::error::ControlError;
use crate::ports::Ports;

#[derive(Clone)]
pub struct Audit {
    ports: Arc<Ports>,
    access: Access,
}

impl Audit {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// The trail of one project, newest first.
    pub async fn list(
        &self,
        who: &Principal,
        project: &str,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>, ControlError> {
        let permit = self.access.project(who, project, Action::Inspect).await?;
        self.access.note_look(who, &permit, "the audit trail").await?;
        Ok(self.ports.audit.list(Some(permit.get().id), page).await?)
    }

    /// The trail of the instance with all its projects, newest first.
    pub async fn list_all(&self, who: &Principal, page: PageRequest) -> Result<Page<AuditRecord>, ControlError> {
        self.access.instance(who).await?;
        Ok(self.ports.audit.list(None, page).await?)
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").finish_non_exhaustive()
    }
}

/// Makes entries of one actor at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    actor: Option<Principal>,
    at: Timestamp,
    project_id: Option<ProjectId>,
    through_instance: bool,
}

impl Trail {
    pub(crate) fn new(who: &Principal, at: Timestamp) -> Self {
        Self { actor: Some(who.clone()), at, project_id: None, through_instance: false }
    }

    /// For what nobody in particular did.
    pub(crate) const fn of_the_system(at: Timestamp) -> Self {
        Self { actor: None, at, project_id: None, through_instance: false }
    }

    pub(crate) fn project(self, permit: &Permit<Grant>) -> Self {
        let grant = permit.get();
        Self { project_id: Some(grant.id), through_instance: grant.through_instance, ..self }
    }

    pub(crate) fn team(self, grant: &TeamPass) -> Self {
        Self { through_instance: grant.through_instance, ..self }
    }

    pub(crate) fn project_id(self, id: ProjectId) -> Self {
        Self { project_id: Some(id), ..self }
    }

    pub(crate) fn entry(
        &self,
        action: &'static str,
        kind: &'static str,
        id: impl Display,
        name: &str,
        mut detail: String,
    ) -> AuditEntry {
        if self.through_instance {
            detail.push_str(if detail.is_empty() { "as instance admin" } else { " (as instance admin)" });
        }
        AuditEntry {
            id: AuditId::new(),
            at: self.at,
            project_id: self.project_id,
            actor: self.actor.clone(),
            action,
            target: AuditTarget { kind, id: id.to_string(), name: name.to_owned() },
            detail,
        }
    }
}
