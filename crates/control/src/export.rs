//! `mcp-config.json` of a project, with a placeholder in place of every secret.

use std::fmt;
use std::sync::Arc;

use orch_domain::policy::Action;
use orch_domain::principal::Principal;
use serde_json::Value;

use crate::access::Access;
use crate::error::ControlError;
use crate::mcp_config::render;
use crate::ports::Ports;

#[derive(Clone)]
pub struct Export {
    ports: Arc<Ports>,
    access: Access,
}

impl Export {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// The whole file. It says no more than the servers do to everybody who sees them. What an import has kept without
    /// understanding it may be anything, and is for those who manage the servers.
    pub async fn get(&self, who: &Principal, project: &str) -> Result<Value, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let mut servers = self.ports.servers.list(permit.get().id).await?;
        servers.retain(|server| permit.get().sees(server));
        if !permit.get().manages() {
            servers.iter_mut().for_each(|server| server.extra = "{}".to_owned());
        }
        Ok(render::file(&servers))
    }
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export").finish_non_exhaustive()
    }
}
