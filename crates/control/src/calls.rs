//! The record of calls: members see their own, admins see all.

use std::fmt;
use std::sync::Arc;

use orch_domain::call::Call;
use orch_domain::page::{Page, PageRequest};
use orch_domain::policy::Action;
use orch_domain::port::call_log::CallFilter;
use orch_domain::principal::{Credential, Principal};

use crate::access::Access;
use crate::error::ControlError;
use crate::looks::Part;
use crate::ports::Ports;

#[derive(Clone)]
pub struct Calls {
    ports: Arc<Ports>,
    access: Access,
}

/// Whose calls to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// All that the principal may see: everybody's for admins with a login, the own ones for others.
    #[default]
    Visible,
    Own,
}

impl Calls {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Newest first. An API key sees the calls of its creator, and one with a narrower scope those with itself alone.
    pub async fn list(
        &self,
        who: &Principal,
        project: &str,
        whose: Whose,
        page: PageRequest,
    ) -> Result<Page<Call>, ControlError> {
        // The right to call brings the right to see own calls, for keys as well.
        let permit = self.access.project(who, project, Action::Call).await?;
        let is_key = matches!(who.credential, Credential::Key { .. });
        let all = whose == Whose::Visible && !is_key && permit.get().role >= Action::Inspect.least_role();
        if !all {
            let (project, key) = (permit.get().id, permit.get().narrow_key());
            let filter = CallFilter { project, user: Some(who.user_id), key };
            let mut page = self.ports.calls.list(filter, page).await?;
            page.items.iter_mut().for_each(Call::redact_for_caller);
            return Ok(page);
        }
        let permit = self.access.project(who, project, Action::Inspect).await?;
        self.access.note_look(who, &permit, Part::Calls).await?;
        Ok(self.ports.calls.list(CallFilter::all(permit.get().id), page).await?)
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}
