//! Sessions of MCP clients: admins see and end all of a project, members their own.

use std::fmt;
use std::sync::Arc;

use orch_domain::audit::{AuditAction, FactName};
use orch_domain::policy::{Action, Permit};
use orch_domain::principal::Principal;
use orch_domain::session::Session;

use crate::access::{Access, Grant};
use crate::audit::Trail;
use crate::error::ControlError;
use crate::looks::Part;
use crate::ports::Ports;
use crate::{servers, users};

#[derive(Clone)]
pub struct Sessions {
    ports: Arc<Ports>,
    access: Access,
}

impl Sessions {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Last opened first; those from which `server` can be reached, if it is given.
    pub async fn list(
        &self,
        who: &Principal,
        project: &str,
        server: Option<&str>,
    ) -> Result<Vec<Session>, ControlError> {
        let permit = self.access.project(who, project, Action::UseOwnKeys).await?;
        let server = match server {
            Some(server) => Some(servers::find(&self.ports, &permit, server).await?.id),
            None => None,
        };
        if sees_all(&permit) {
            self.access.note_look(who, &permit, Part::Sessions).await?;
        }
        let mut found = self.visible(who, &permit);
        found.retain(|session| server.is_none_or(|server| session.reaches(server)));
        found.sort_by_key(|session| std::cmp::Reverse((session.opened_at, session.id)));
        Ok(found)
    }

    /// Ends a session and all that is in flight in it. The client may open another one: that is what its key is for.
    pub async fn end(&self, who: &Principal, project: &str, session: &str) -> Result<(), ControlError> {
        let permit = self.access.project(who, project, Action::UseOwnKeys).await?;
        let missing = || ControlError::Missing { what: "session" };
        let id = session.parse().map_err(|_| missing())?;
        let found = self.visible(who, &permit).into_iter().find(|session| session.id == id).ok_or_else(missing)?;
        let of = users::address(&self.ports, found.user_id).await?;
        let detail = format!("of {of} on revision {}", found.revision);
        let trail = Trail::new(who, self.ports.clock.now()).project(&permit);
        let entry = trail.entry(AuditAction::SessionEnd, "session", id, &found.client, detail);
        let entry = entry.with(FactName::User, of).with(FactName::Revision, found.revision);
        self.ports.audit.append(&entry).await?;
        if self.ports.sessions.end(id) { Ok(()) } else { Err(missing()) }
    }

    fn visible(&self, who: &Principal, permit: &Permit<Grant>) -> Vec<Session> {
        let mut found = self.ports.sessions.list(permit.get().id);
        let all = sees_all(permit);
        found.retain(|session| all || session.user_id == who.user_id);
        found
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

fn sees_all(permit: &Permit<Grant>) -> bool {
    permit.get().role >= Action::Inspect.least_role()
}
