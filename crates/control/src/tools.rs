//! What a server offers: tools, prompts, resources and templates, as last seen.

use std::fmt;
use std::sync::Arc;

use orch_domain::catalog::ItemKind;
use orch_domain::policy::Action;
use orch_domain::port::server_runtime::Offers;
use orch_domain::principal::Principal;

use crate::access::Access;
use crate::error::ControlError;
use crate::ports::Ports;
use crate::servers;

#[derive(Clone)]
pub struct Tools {
    ports: Arc<Ports>,
    access: Access,
}

impl Tools {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// In the upstream's order.
    pub async fn list(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
        kind: ItemKind,
    ) -> Result<Offers, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let server = servers::find(&self.ports, &permit, server).await?;
        Ok(self.ports.runtime.offers(server.id, kind))
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tools").finish_non_exhaustive()
    }
}
