//! From a file and the servers that exist to the servers that shall exist. Writes nothing.

mod alias;
mod values;

use orch_domain::Timestamp;
use orch_domain::confinement::ConfinementRules;
use orch_domain::dialect::Dialect;
use orch_domain::id::{ProjectId, ServerId};
use orch_domain::limits::ProcessLimits;
use orch_domain::port::vault::{Vault, VaultError};
use orch_domain::run_settings::RunSettings;
use orch_domain::sandbox::{Sandbox, SandboxRule};
use orch_domain::secret::Slot;
use orch_domain::server::{Server, Transport};

use crate::import::plan::{ImportPlan, ImportVerb, PlannedServer};
use crate::import::resolve::alias::Target;
use crate::mcp_config::{ConfigFile, ConfigServer};
use crate::problem::{MAX_REPORTED, Problem};
use crate::servers::blueprint::{Blueprint, SlotValue, check_transport};
use crate::servers::confinement::{self, Confinement, Wanted};
use crate::servers::{changes, moved};

pub(super) struct Resolved {
    pub(super) plan: ImportPlan,
    /// One for each server of the plan, unless the plan has problems.
    pub(super) servers: Vec<Server>,
}

pub(super) fn resolve(
    file: &ConfigFile<'_>,
    existing: &[Server],
    vault: &dyn Vault,
    project: ProjectId,
    rules: &ConfinementRules,
    now: Timestamp,
) -> Result<Resolved, VaultError> {
    let mut plan = ImportPlan { servers: Vec::new(), notes: file.notes.clone(), problems: file.problems.clone() };
    let mut servers = Vec::new();
    let targets = alias::assign(file, existing, &mut plan.notes);
    for (entry, target) in file.servers.iter().zip(targets) {
        let stored = match target {
            Target::Existing(server) => Some(server),
            Target::New(_) => None,
        };
        let alias = match &target {
            Target::Existing(server) => server.alias.clone(),
            Target::New(alias) => alias.clone(),
        };
        let mut problems = check(file, entry);
        let before = stored.map(|server| server.run.clone()).unwrap_or_default();
        let local = matches!(entry.transport, Transport::Stdio { .. });
        let run = entry.run.clone().apply(&before, local).unwrap_or_else(|wrong| {
            let at = file.source.position(entry.offset);
            problems.extend(wrong.into_iter().map(|problem| problem.below(&entry.path).at(at)));
            before
        });
        let (limits, sandbox) = confined(entry, stored, rules.sandbox);
        let (transport, enabled) = (&entry.transport, !entry.disabled);
        let wanted = Wanted { transport, limits: &limits, sandbox: &sandbox, enabled, stored };
        let confinement = confinement::problem(wanted, rules);
        let parent = format!("{}.{}", entry.path, crate::mcp_config::run::MEMBER);
        problems.extend(confinement.map(|problem| problem.below(&parent).at(file.source.position(entry.offset))));
        let values = values::resolve(file, entry, &alias, stored, vault)?;
        let moved = stored.and_then(|old| moved::to_another_host(&old.transport, &entry.transport, &values.slots));
        problems.extend(moved.map(|problem| problem.below(&entry.path).at(file.source.position(entry.offset))));
        if !problems.is_empty() || !values.problems.is_empty() {
            plan.problems.extend(problems);
            plan.problems.extend(values.problems);
            if plan.problems.len() >= MAX_REPORTED {
                break;
            }
            continue;
        }
        let draft = Draft { entry, stored, slots: values.slots, alias: &alias, run, limits, sandbox };
        let mut server = draft.build(vault, project, now)?;
        let changes = stored.map(|stored| changes::between(stored, &server)).unwrap_or_default();
        server.generation = stored.map_or(server.generation, |stored| changes::generation(stored, &server));
        let verb = match stored {
            None => ImportVerb::Create,
            Some(_) if changes.is_empty() => ImportVerb::Unchanged,
            Some(_) => ImportVerb::Update,
        };
        servers.push(server);
        plan.servers.push(PlannedServer { key: entry.key.clone(), alias, verb, changes });
    }
    Ok(Resolved { plan, servers })
}

/// Limits and sandbox: what the file says, else what is stored, else what new servers have.
fn confined(entry: &ConfigServer, stored: Option<&Server>, rule: SandboxRule) -> (ProcessLimits, Sandbox) {
    let Confinement { limits, sandbox } = &entry.confinement;
    let limits = limits.or(stored.map(|stored| stored.limits));
    let sandbox = match (sandbox, stored) {
        (None, Some(stored)) => confinement::kept_sandbox(stored, &entry.transport, rule),
        (said, _) => said.clone().unwrap_or_default().apply(confinement::usual_sandbox(&entry.transport, rule)),
    };
    (limits.unwrap_or_default(), sandbox)
}

/// The rules that hold for servers from any source.
fn check(file: &ConfigFile<'_>, entry: &ConfigServer) -> Vec<Problem> {
    let problems = check_transport(&entry.transport).into_iter();
    problems.map(|problem| problem.below(&entry.path).at(file.source.position(entry.offset))).collect()
}

struct Draft<'a> {
    entry: &'a ConfigServer,
    stored: Option<&'a Server>,
    slots: Vec<(Slot, SlotValue)>,
    alias: &'a orch_domain::alias::Alias,
    run: RunSettings,
    limits: ProcessLimits,
    sandbox: Sandbox,
}

impl Draft<'_> {
    fn build(self, vault: &dyn Vault, project: ProjectId, now: Timestamp) -> Result<Server, VaultError> {
        let Self { entry, stored, slots, alias, run, limits, sandbox } = self;
        let blueprint = Blueprint { transport: entry.transport.clone(), values: slots };
        let (transport, secrets) = blueprint.seal(vault)?;
        let extra = serde_json::Value::Object(entry.extra.clone()).to_string();
        let call_timeout = entry.timeout.unwrap_or(Server::DEFAULT_CALL_TIMEOUT);
        let enabled = !entry.disabled;
        Ok(match stored {
            None => Server {
                id: ServerId::new(),
                project_id: project,
                alias: alias.clone(),
                name: entry.key.clone(),
                enabled,
                transport,
                secrets,
                call_timeout,
                dialect: dialect(entry),
                run,
                limits,
                sandbox,
                extra,
                created_at: now,
                updated_at: now,
                version: 1,
                generation: 1,
            },
            Some(stored) => Server {
                enabled,
                transport,
                secrets,
                call_timeout,
                dialect: dialect(entry),
                run,
                limits,
                sandbox,
                extra,
                updated_at: now,
                version: stored.version.saturating_add(1),
                ..stored.clone()
            },
        })
    }
}

/// What a file does not say is found out.
fn dialect(entry: &ConfigServer) -> Dialect {
    Dialect { era: entry.era.unwrap_or_default(), interactive: entry.interactive.unwrap_or_default() }
}
