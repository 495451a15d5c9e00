//! Changes of how a server is run, and the rules for them. Knows nothing about who asks.

use std::collections::BTreeMap;
use std::time::Duration;

use orch_domain::run_settings::{Isolation, PersonalValue, RunSettings};
use orch_domain::secret::Slot;

use crate::problem::Problem;
use crate::servers::Servers;
use crate::servers::blueprint::{check_value, header_slot};

/// What to change; None leaves it as it is, and Some(None) takes the instance's own setting again.
#[derive(Debug, Clone, Default)]
pub struct RunPatch {
    pub isolation: Option<Isolation>,
    pub always_on: Option<bool>,
    pub idle_stop: Option<Option<Duration>>,
    /// Single tools: a time sets one, None removes it, the others stay.
    pub tool_timeouts: BTreeMap<String, Option<Duration>>,
    pub max_in_flight: Option<Option<u32>>,
    pub max_connections: Option<Option<u32>>,
    /// Single variables, like the tools.
    pub personal_env: BTreeMap<String, Option<PersonalValue>>,
    /// Single headers, like the tools.
    pub personal_headers: BTreeMap<String, Option<PersonalValue>>,
}

const LONGEST_IDLE: Duration = Duration::from_secs(7 * 24 * 3600);
const MAX_CALLS: u32 = 65_536;
const MAX_CONNECTIONS: u32 = 10_000;
const MAX_TOOLS: usize = 500;
const MAX_TOOL_NAME: usize = 1024;
const MAX_PERSONAL: usize = 64;
const MAX_DESCRIPTION: usize = 500;

impl RunPatch {
    /// The settings with the changes in them, or all that is wrong, with fields below `run`. `local` says that the server
    /// is a process.
    pub(crate) fn apply(self, before: &RunSettings, local: bool) -> Result<RunSettings, Vec<Problem>> {
        let mut problems = self.foreign(local);
        let mut run = before.clone();
        run.isolation = self.isolation.unwrap_or(run.isolation);
        run.always_on = self.always_on.unwrap_or(run.always_on);
        run.idle_stop = self.idle_stop.unwrap_or(run.idle_stop);
        run.max_in_flight = self.max_in_flight.unwrap_or(run.max_in_flight);
        run.max_connections = self.max_connections.unwrap_or(run.max_connections);
        for (tool, timeout) in self.tool_timeouts {
            match timeout {
                Some(timeout) => run.tool_timeouts.insert(tool, timeout),
                None => run.tool_timeouts.remove(&tool),
            };
        }
        let env = self.personal_env.into_iter().map(|(name, value)| (Slot::Env(name), value));
        let headers = self.personal_headers.into_iter().map(|(name, value)| (header_slot(&name), value));
        for (slot, value) in env.chain(headers) {
            match value {
                Some(value) => run.personal.insert(slot, value),
                None => run.personal.remove(&slot),
            };
        }
        // What was for a process means nothing for a connection, and the other way round.
        run.personal.retain(|slot, _| matches!(slot, Slot::Env(_)) == local);
        problems.extend(check(&run));
        if problems.is_empty() { Ok(run) } else { Err(problems) }
    }

    fn foreign(&self, local: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        if local && self.personal_headers.values().any(Option::is_some) {
            let hint = "a stdio server has personal_env";
            problems.push(Problem::new("run.personal_headers", "a process has no headers", hint));
        }
        if !local && self.personal_env.values().any(Option::is_some) {
            let hint = "a server that is dialled has personal_headers";
            problems.push(Problem::new("run.personal_env", "a remote server has no variables", hint));
        }
        problems
    }
}

fn check(run: &RunSettings) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |field: String, problem: &str, hint: &str| problems.push(Problem::new(field, problem, hint));
    if run.idle_stop.is_some_and(|idle| idle < Duration::from_secs(1) || idle > LONGEST_IDLE) {
        wrong("run.idle_stop".to_owned(), "it is out of range", "write seconds, 1 to 604800; or have it always on");
    }
    if run.max_in_flight.is_some_and(|most| most == 0 || most > MAX_CALLS) {
        wrong("run.max_in_flight".to_owned(), "it is out of range", "write 1 to 65536");
    }
    if run.max_connections.is_some_and(|most| most == 0 || most > MAX_CONNECTIONS) {
        wrong("run.max_connections".to_owned(), "it is out of range", "write 1 to 10000");
    }
    if run.tool_timeouts.len() > MAX_TOOLS {
        wrong("run.tool_timeouts".to_owned(), "there are too many", "name at most 500 tools");
    }
    for (tool, timeout) in &run.tool_timeouts {
        if tool.is_empty() || tool.len() > MAX_TOOL_NAME {
            wrong("run.tool_timeouts".to_owned(), "a tool's name is empty or too long", "write the server's own name");
        }
        if timeout.is_zero() || *timeout > Servers::MAX_CALL_TIMEOUT {
            let hint = "write seconds, more than 0 and at most 3600";
            wrong(format!("run.tool_timeouts.{tool}"), "it is out of range", hint);
        }
    }
    if run.personal.len() > MAX_PERSONAL {
        wrong("run".to_owned(), "there are too many personal values", "name at most 64");
    }
    for (slot, value) in &run.personal {
        let field = match slot {
            Slot::Env(name) => format!("run.personal_env.{name}"),
            Slot::Header(name) => format!("run.personal_headers.{name}"),
            Slot::Arg(position) => format!("run.personal_args.{position}"),
        };
        if let Some((problem, hint)) = check_value(slot, "") {
            wrong(field.clone(), problem, hint);
        }
        if value.description.chars().count() > MAX_DESCRIPTION || value.description.chars().any(char::is_control) {
            wrong(field, "the description is too long or holds a control character", "use at most 500 characters");
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use orch_domain::run_settings::{PersonalValue, RunSettings};

    use super::RunPatch;

    fn refused(patch: RunPatch, local: bool) -> Vec<String> {
        let problems = patch.apply(&RunSettings::default(), local).expect_err("it is wrong");
        problems.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn names_everything_that_is_wrong() {
        let patch = RunPatch {
            idle_stop: Some(Some(Duration::ZERO)),
            max_in_flight: Some(Some(0)),
            max_connections: Some(Some(10_001)),
            tool_timeouts: [("slow".to_owned(), Some(Duration::from_secs(3601)))].into(),
            personal_headers: [("x-key".to_owned(), Some(PersonalValue::default()))].into(),
            ..RunPatch::default()
        };
        let fields = [
            "run.personal_headers",
            "run.idle_stop",
            "run.max_in_flight",
            "run.max_connections",
            "run.tool_timeouts.slow",
        ];
        assert_eq!(refused(patch, true), fields);
        let patch = RunPatch {
            personal_env: [("A=B".to_owned(), Some(PersonalValue::default()))].into(),
            ..RunPatch::default()
        };
        assert_eq!(refused(patch.clone(), true), ["run.personal_env.A=B"]);
        assert_eq!(refused(patch, false), ["run.personal_env"]);
    }
}
