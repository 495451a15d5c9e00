//! The state of the instance, for its admins.

use std::fmt;
use std::sync::Arc;

use orch_domain::port::system_probe::SystemState;
use orch_domain::principal::Principal;

use crate::access::Access;
use crate::error::ControlError;
use crate::ports::Ports;

#[derive(Clone)]
pub struct System {
    ports: Arc<Ports>,
    access: Access,
}

impl System {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    pub async fn state(&self, who: &Principal) -> Result<SystemState, ControlError> {
        // Also while the database is away: what was heard of the account is enough.
        if !self.access.is_instance_admin(who).await? {
            self.access.instance(who).await?;
        }
        Ok(self.ports.system.look().await)
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").finish_non_exhaustive()
    }
}
