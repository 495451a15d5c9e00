//! Whether somebody may still be where they came in: asked again whenever the directory changes.

use orch_domain::directory::Directory;
use orch_domain::id::ProjectId;
use orch_domain::policy::{Action, authorize};
use orch_domain::principal::Principal;

use super::endpoint::{EndpointId, may_reach};

/// Who is where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) principal: Principal,
    pub(super) project: ProjectId,
    pub(super) endpoint: EndpointId,
}

impl Reach {
    /// False when the credential is dead, the role is gone, or the server is switched off or deleted.
    pub(super) fn is_open(&self, directory: &Directory, is_live: impl Fn(&Principal) -> bool) -> bool {
        if !is_live(&self.principal) {
            return false;
        }
        let Some(project) = directory.project(self.project) else { return false };
        let subject = directory.subject(&self.principal, project);
        let is_there = match self.endpoint {
            EndpointId::Unified => true,
            EndpointId::Server(id) => {
                project.server(id).is_some_and(|server| server.enabled && may_reach(project, &subject, server))
            }
        };
        is_there && authorize(&subject, Action::Call, ()).is_ok()
    }
}
