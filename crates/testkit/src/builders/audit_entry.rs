//! Audit entries.

use orch_domain::audit::{AuditAction, AuditEntry, AuditTarget, FactName};
use orch_domain::id::{AuditId, ProjectId};
use orch_domain::principal::Principal;

use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct AuditBuilder(AuditEntry);

/// An entry about the instance, by nobody in particular.
#[must_use]
pub fn an_audit_entry() -> AuditBuilder {
    AuditBuilder(AuditEntry {
        id: AuditId::new(),
        at: FixedClock::START,
        project_id: None,
        actor: None,
        action: AuditAction::ProjectUpdate,
        target: AuditTarget { kind: "project", id: "1".to_owned(), name: "Test".to_owned() },
        detail: "written by a test".to_owned(),
        facts: Vec::new(),
    })
}

impl AuditBuilder {
    #[must_use]
    pub fn in_project(mut self, project: ProjectId) -> Self {
        self.0.project_id = Some(project);
        self
    }

    #[must_use]
    pub fn by(mut self, actor: Principal) -> Self {
        self.0.actor = Some(actor);
        self
    }

    #[must_use]
    pub fn action(mut self, action: AuditAction) -> Self {
        self.0.action = action;
        self
    }

    #[must_use]
    pub fn detail(mut self, detail: &str) -> Self {
        detail.clone_into(&mut self.0.detail);
        self
    }

    #[must_use]
    pub fn with(self, name: FactName, value: &str) -> Self {
        Self(self.0.with(name, value))
    }

    #[must_use]
    pub fn build(self) -> AuditEntry {
        self.0
    }
}
