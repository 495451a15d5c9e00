//! Import of `mcp-config.json` into a project: all of it or nothing. Servers that are not in the file stay as they
//! are.

pub mod plan;
mod resolve;

use std::fmt;
use std::sync::Arc;

use orch_domain::audit::{AuditAction, AuditEntry, FactName};
use orch_domain::confinement::ConfinementRules;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::policy::{Action, Permit};
use orch_domain::port::server_repo::{ServerUpdate, ServerWrite};
use orch_domain::port::vault::Vault;
use orch_domain::principal::Principal;
use orch_domain::server::Server;

use crate::access::{Access, Grant};
use crate::audit::Trail;
use crate::error::ControlError;
use crate::import::plan::{ImportPlan, ImportVerb};
use crate::mcp_config;
use crate::personal_secrets;
use crate::ports::Ports;
use crate::retry;

#[derive(Clone)]
pub struct Import {
    ports: Arc<Ports>,
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Only says what would be done. Problems are in the plan.
    DryRun,
    /// Does it. With a problem in the file nothing is done, and the problems are the error.
    Apply,
}

impl Import {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    pub async fn run(
        &self,
        who: &Principal,
        project: &str,
        text: &str,
        mode: ImportMode,
    ) -> Result<ImportPlan, ControlError> {
        let permit = self.access.project(who, project, Action::ManageServers).await?;
        retry::unless_expected(None, || self.try_run(who, &permit, text, mode)).await
    }

    async fn try_run(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        text: &str,
        mode: ImportMode,
    ) -> Result<ImportPlan, ControlError> {
        let file = mcp_config::parse(text);
        let existing = self.ports.servers.list(permit.get().id).await?;
        let drafted = resolve::resolve(
            &file,
            &existing,
            self.ports.vault.as_ref(),
            permit.get().id,
            &self.ports.confinement,
            self.ports.clock.now(),
        )?;
        if mode == ImportMode::DryRun {
            return Ok(drafted.plan);
        }
        if !drafted.plan.problems.is_empty() {
            return Err(ControlError::Invalid { problems: drafted.plan.problems });
        }
        let trail = Trail::new(who, self.ports.clock.now()).project(permit);
        let writes: Vec<_> = drafted
            .servers
            .into_iter()
            .zip(&drafted.plan.servers)
            .filter_map(|(server, planned)| match planned.verb {
                ImportVerb::Unchanged => None,
                ImportVerb::Create => {
                    let audit = entry(&trail, AuditAction::ServerCreate, &server, "imported".to_owned());
                    let audit = audit.with(FactName::Transport, server.transport.kind());
                    let audit = audit.with(FactName::Through, "import");
                    Some(ServerWrite::Create { server, audit })
                }
                ImportVerb::Update => {
                    let detail = format!("imported: {}", planned.changes.detail());
                    let audit = entry(&trail, AuditAction::ServerUpdate, &server, detail);
                    let audit = planned.changes.on(audit);
                    let audit = audit.with(FactName::Through, "import");
                    let before = existing.iter().find(|before| before.id == server.id);
                    let forgets = before.and_then(|before| personal_secrets::forgetting(&trail, before, &server));
                    Some(ServerWrite::Update(ServerUpdate { server, audit, forgets }))
                }
            })
            .collect();
        if !writes.is_empty() {
            let written = self.ports.servers.put_all(&writes).await;
            written.map_err(|error| match error {
                // No alias that was to be taken was: somebody else was faster, and the file is seen differently now.
                StoreError::Conflict { .. } => ControlError::Stale { what: "server" },
                error => error.into(),
            })?;
            self.ports.written(permit.get().id).await;
        }
        Ok(drafted.plan)
    }
}

fn entry(trail: &Trail, action: AuditAction, server: &Server, detail: String) -> AuditEntry {
    trail.entry(action, "server", server.id, server.alias.as_str(), detail)
}

/// What an import of the text would do to a project with these servers. Asks for no permission and writes nothing.
pub fn foresee(
    text: &str,
    existing: &[Server],
    vault: &dyn Vault,
    rules: &ConfinementRules,
) -> Result<ImportPlan, ControlError> {
    let file = mcp_config::parse(text);
    // What is drafted goes nowhere, so it belongs to nothing and has no time.
    let drafted =
        resolve::resolve(&file, existing, vault, ProjectId::new(), rules, orch_domain::Timestamp::UNIX_EPOCH)?;
    Ok(drafted.plan)
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import").finish_non_exhaustive()
    }
}
