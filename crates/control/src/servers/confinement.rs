//! Limits and sandbox of a server: what may be set, and their form in `mcp-config.json`.

use std::collections::BTreeSet;

use orch_domain::limits::{Limit, LimitRules, ProcessLimits};
use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode};
use orch_domain::server::{Server, Transport};
use serde_json::{Map, Value, json};

use crate::error::ControlError;
use crate::problem::Problem;

const MAX_PATHS: usize = 64;
const MAX_PATH_BYTES: usize = 4096;
const MAX_PORTS: usize = 64;

/// Limits to set, or to leave to the instance where the value is None.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitsPatch(pub Vec<(Limit, Option<u32>)>);

/// What to change of a profile; None leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SandboxPatch {
    pub mode: Option<SandboxMode>,
    pub read_paths: Option<Vec<String>>,
    pub write_paths: Option<Vec<String>>,
    pub network: Option<NetworkAccess>,
}

impl LimitsPatch {
    #[must_use]
    pub fn apply(&self, limits: ProcessLimits) -> ProcessLimits {
        self.0.iter().fold(limits, |limits, (limit, value)| limits.with(*limit, *value))
    }
}

impl SandboxPatch {
    #[must_use]
    pub fn apply(self, sandbox: Sandbox) -> Sandbox {
        Sandbox {
            mode: self.mode.unwrap_or(sandbox.mode),
            read_paths: self.read_paths.unwrap_or(sandbox.read_paths),
            write_paths: self.write_paths.unwrap_or(sandbox.write_paths),
            network: self.network.unwrap_or(sandbox.network),
        }
    }
}

/// The rules for servers from any source.
pub(crate) fn check_confinement(server: &Server, rules: &LimitRules) -> Result<(), ControlError> {
    match problem(&server.transport, &server.limits, &server.sandbox, rules) {
        Some(problem) => Err(ControlError::invalid(problem.field, problem.problem, problem.hint)),
        None => Ok(()),
    }
}

/// The first thing that is wrong, with its field below the server.
pub(crate) fn problem(
    transport: &Transport,
    limits: &ProcessLimits,
    sandbox: &Sandbox,
    rules: &LimitRules,
) -> Option<Problem> {
    if let Some(wrong) = rules.check(limits) {
        let hint = match wrong.largest {
            Some(largest) => format!("use {} to {largest}, the most that this instance allows", wrong.smallest),
            None => format!("use at least {}", wrong.smallest),
        };
        return Some(Problem::new(format!("limits.{}", wrong.limit.name()), "it is out of range", hint));
    }
    if sandbox.mode != SandboxMode::Off && !matches!(transport, Transport::Stdio { .. }) {
        let (problem, hint) = ("only a server that is a process of ours can be in a sandbox", "set the mode to off");
        return Some(Problem::new("sandbox.mode", problem, hint));
    }
    for (field, paths) in [("sandbox.read_paths", &sandbox.read_paths), ("sandbox.write_paths", &sandbox.write_paths)] {
        if paths.len() > MAX_PATHS {
            return Some(Problem::new(field, "there are too many paths", format!("list at most {MAX_PATHS}")));
        }
        let wrong = paths.iter().position(|path| !is_path(path));
        if let Some(position) = wrong {
            let hint = "write a path from the root such as /srv/data, or from the home directory such as ~/data";
            return Some(Problem::new(format!("{field}[{position}]"), "it is not such a path", hint));
        }
    }
    if let NetworkAccess::Ports(ports) = &sandbox.network {
        let distinct: BTreeSet<_> = ports.iter().filter(|port| **port != 0).collect();
        if ports.is_empty() || ports.len() > MAX_PORTS || distinct.len() != ports.len() {
            let hint = format!("list 1 to {MAX_PORTS} different ports from 1 to 65535, such as 443");
            return Some(Problem::new("sandbox.ports", "these are not the ports to allow", hint));
        }
    }
    None
}

fn is_path(path: &str) -> bool {
    let rooted = path.starts_with('/') || path == "~" || path.starts_with("~/");
    let climbs = path.split('/').any(|part| part == "..");
    rooted && !climbs && path.len() <= MAX_PATH_BYTES && !path.chars().any(char::is_control)
}

/// The network of a profile from its two members on the wire.
pub fn network(kind: &str, ports: Vec<u16>) -> Result<NetworkAccess, Problem> {
    match kind {
        "ports" => Ok(NetworkAccess::Ports(ports)),
        "full" | "none" if !ports.is_empty() => {
            Err(Problem::new("sandbox.ports", "they only mean something with network ports", "leave them out"))
        }
        "full" => Ok(NetworkAccess::Full),
        "none" => Ok(NetworkAccess::None),
        _ => Err(Problem::new("sandbox.network", "it is not a kind of network access", "use full, none or ports")),
    }
}

/// The names of what [`to_json`] gives.
pub(crate) const MEMBERS: [&str; 2] = ["limits", "sandbox"];

/// What the member of ours in `mcp-config.json` says of limits and sandbox; nothing when nothing is set.
pub(crate) fn to_json(server: &Server) -> Map<String, Value> {
    let mut member = Map::new();
    let limits: Map<_, _> = server.limits.set().map(|(limit, value)| (limit.name().to_owned(), json!(value))).collect();
    if !limits.is_empty() {
        member.insert("limits".to_owned(), Value::Object(limits));
    }
    if server.sandbox != Sandbox::default() {
        let Sandbox { mode, read_paths, write_paths, network } = &server.sandbox;
        let mut sandbox = Map::new();
        sandbox.insert("mode".to_owned(), json!(mode.as_str()));
        for (name, paths) in [("read_paths", read_paths), ("write_paths", write_paths)] {
            if !paths.is_empty() {
                sandbox.insert(name.to_owned(), json!(paths));
            }
        }
        match network {
            NetworkAccess::Full => {}
            NetworkAccess::None => drop(sandbox.insert("network".to_owned(), json!("none"))),
            NetworkAccess::Ports(ports) => {
                sandbox.insert("network".to_owned(), json!("ports"));
                sandbox.insert("ports".to_owned(), json!(ports));
            }
        }
        member.insert("sandbox".to_owned(), Value::Object(sandbox));
    }
    member
}

/// What the member of ours in a file says; a part that it leaves out is None.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Confinement {
    pub(crate) limits: Option<ProcessLimits>,
    pub(crate) sandbox: Option<Sandbox>,
}

/// Reads the member. The field of a problem is below the member.
pub(crate) fn from_json(value: &Value) -> Result<Confinement, Problem> {
    let mut confinement = Confinement::default();
    for (name, value) in object("", value)? {
        match name.as_str() {
            "limits" => confinement.limits = Some(limits(value)?),
            "sandbox" => confinement.sandbox = Some(sandbox(value)?),
            _ => return Err(Problem::new(name, "this member is not known", "use limits and sandbox")),
        }
    }
    Ok(confinement)
}

fn limits(value: &Value) -> Result<ProcessLimits, Problem> {
    object("limits", value)?.iter().try_fold(ProcessLimits::default(), |limits, (name, value)| {
        let field = format!("limits.{name}");
        let Some(limit) = Limit::named(name) else {
            let names = Limit::ALL.map(Limit::name).join(", ");
            return Err(Problem::new(field, "this limit is not known", format!("use {names}")));
        };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number {
            Some(number) => Ok(limits.with(limit, Some(number))),
            None => Err(Problem::new(field, "it is not a whole number in range", "write a number such as 512")),
        }
    })
}

fn sandbox(value: &Value) -> Result<Sandbox, Problem> {
    let mut sandbox = Sandbox::default();
    let (mut kind, mut ports) = (None, Vec::new());
    for (name, value) in object("sandbox", value)? {
        let field = format!("sandbox.{name}");
        match name.as_str() {
            "mode" => {
                let mode = value.as_str().and_then(SandboxMode::parse);
                let wrong = || Problem::new(field, "it is not a mode", "use off, on or best_effort");
                sandbox.mode = mode.ok_or_else(wrong)?;
            }
            "read_paths" => sandbox.read_paths = list(&field, value, "paths", |item| item.as_str().map(str::to_owned))?,
            "write_paths" => {
                sandbox.write_paths = list(&field, value, "paths", |item| item.as_str().map(str::to_owned))?;
            }
            "network" => kind = value.as_str().map(str::to_owned).or(Some(String::new())),
            "ports" => {
                ports = list(&field, value, "ports", |item| item.as_u64().and_then(|port| u16::try_from(port).ok()))?;
            }
            _ => {
                let hint = "use mode, read_paths, write_paths, network and ports";
                return Err(Problem::new(field, "this member is not known", hint));
            }
        }
    }
    sandbox.network = network(kind.as_deref().unwrap_or("full"), ports)?;
    Ok(sandbox)
}

fn object<'a>(field: &str, value: &'a Value) -> Result<&'a Map<String, Value>, Problem> {
    value.as_object().ok_or_else(|| Problem::new(field, "it is not an object", "write { }"))
}

fn list<T>(field: &str, value: &Value, what: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, Problem> {
    let items = value.as_array().and_then(|items| items.iter().map(read).collect());
    items.ok_or_else(|| Problem::new(field, format!("it is not a list of {what}"), "write it as [ ]"))
}

#[cfg(test)]
mod tests {
    use orch_domain::limits::{Limit, LimitRules};
    use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode};
    use orch_testkit::builders::a_server;
    use serde_json::{Value, json};

    use super::{check_confinement, from_json, to_json};

    #[test]
    fn the_member_comes_back_as_it_was_written() {
        let server = a_server()
            .limit(Limit::Memory, 256)
            .sandbox(Sandbox {
                mode: SandboxMode::BestEffort,
                read_paths: vec!["~/x".into()],
                write_paths: vec!["/y".into()],
                network: NetworkAccess::Ports(vec![443]),
            })
            .build();
        let read = from_json(&Value::Object(to_json(&server))).unwrap();
        assert_eq!((read.limits, read.sandbox), (Some(server.limits), Some(server.sandbox)));
        assert!(to_json(&a_server().build()).is_empty());
        let read = from_json(&json!({})).unwrap();
        assert_eq!((read.limits, read.sandbox), (None, None));
    }

    #[test]
    fn names_what_is_wrong_in_the_member() {
        let check = |value, field: &str| assert_eq!(from_json(&value).unwrap_err().field, field);
        check(json!([]), "");
        check(json!({"x": 1}), "x");
        check(json!({"limits": {"memory": 1}}), "limits.memory");
        check(json!({"limits": {"memory_mib": "1"}}), "limits.memory_mib");
        check(json!({"limits": {"memory_mib": -1}}), "limits.memory_mib");
        check(json!({"sandbox": {"mode": "yes"}}), "sandbox.mode");
        check(json!({"sandbox": {"read_paths": "/x"}}), "sandbox.read_paths");
        check(json!({"sandbox": {"network": "some"}}), "sandbox.network");
        check(json!({"sandbox": {"network": "none", "ports": [1]}}), "sandbox.ports");
        check(json!({"sandbox": {"ports": [70000]}}), "sandbox.ports");
    }

    #[test]
    fn refuses_profiles_that_mean_nothing() {
        let rules = LimitRules::default();
        let check = |change: fn(&mut Sandbox), fits: bool| {
            let mut sandbox = Sandbox { mode: SandboxMode::On, ..Sandbox::default() };
            change(&mut sandbox);
            assert_eq!(check_confinement(&a_server().sandbox(sandbox).build(), &rules).is_ok(), fits);
        };
        check(|_| {}, true);
        check(|sandbox| sandbox.read_paths = vec!["/a".into(), "~".into(), "~/b".into()], true);
        check(|sandbox| sandbox.read_paths = vec!["a".into()], false);
        check(|sandbox| sandbox.read_paths = vec!["~other".into()], false);
        check(|sandbox| sandbox.write_paths = vec!["/a/../b".into()], false);
        check(|sandbox| sandbox.write_paths = vec!["/a".into(); 65], false);
        check(|sandbox| sandbox.network = NetworkAccess::Ports(vec![443, 53]), true);
        check(|sandbox| sandbox.network = NetworkAccess::Ports(Vec::new()), false);
        check(|sandbox| sandbox.network = NetworkAccess::Ports(vec![443, 443]), false);
        check(|sandbox| sandbox.network = NetworkAccess::Ports(vec![0]), false);
        let remote = a_server().http("https://a/").sandbox(Sandbox { mode: SandboxMode::On, ..Sandbox::default() });
        assert!(check_confinement(&remote.build(), &rules).is_err());
    }
}
