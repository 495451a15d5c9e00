//! Limits and sandbox of a server: what may be set, and their form in `mcp-config.json`.

use std::collections::BTreeSet;

use orch_domain::confinement::ConfinementRules;
use orch_domain::limits::{Limit, ProcessLimits};
use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode, SandboxRule};
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

/// What a server begins with that says nothing about its sandbox.
pub(crate) fn usual_sandbox(transport: &Transport, rule: SandboxRule) -> Sandbox {
    let mode = if is_process(transport) { rule.usual() } else { SandboxMode::Off };
    Sandbox { mode, ..Sandbox::default() }
}

/// What a server keeps of its sandbox that is reached like this from now on: what becomes a process, or is none any
/// more, begins as a new one does.
pub(crate) fn kept_sandbox(stored: &Server, transport: &Transport, rule: SandboxRule) -> Sandbox {
    let is_alike = is_process(&stored.transport) == is_process(transport);
    let mode = if is_alike { stored.sandbox.mode } else { usual_sandbox(transport, rule).mode };
    Sandbox { mode, ..stored.sandbox.clone() }
}

const fn is_process(transport: &Transport) -> bool {
    matches!(transport, Transport::Stdio { .. })
}

/// A server as it shall be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) limits: &'a ProcessLimits,
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) enabled: bool,
    /// As it is; None for a new one.
    pub(crate) stored: Option<&'a Server>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(server: &'a Server, stored: Option<&'a Server>) -> Self {
        let Server { transport, limits, sandbox, enabled, .. } = server;
        Self { transport, limits, sandbox, enabled: *enabled, stored }
    }

    /// Whether it stays off, and is no less confined than it was: what was made before a rule can be put away.
    fn rests(&self) -> bool {
        let same = |stored: &Server| is_process(&stored.transport) && stored.sandbox.mode == self.sandbox.mode;
        !self.enabled && self.stored.is_some_and(same)
    }
}

/// The rules for servers from any source.
pub(crate) fn check_confinement(wanted: Wanted<'_>, rules: &ConfinementRules) -> Result<(), ControlError> {
    match problem(wanted, rules) {
        Some(problem) => Err(ControlError::invalid(problem.field, problem.problem, problem.hint)),
        None => Ok(()),
    }
}

/// The first thing that is wrong, with its field below the server.
pub(crate) fn problem(wanted: Wanted<'_>, rules: &ConfinementRules) -> Option<Problem> {
    let Wanted { transport, limits, sandbox, stored, .. } = wanted;
    if !is_process(transport) {
        if let Some(field) = meaningless(wanted) {
            let (problem, hint) = ("it means nothing for a remote server: no process of it runs here", "leave it out");
            return Some(Problem::new(field, problem, hint));
        }
        if sandbox.mode != SandboxMode::Off {
            let (problem, hint) =
                ("only a server that is a process of ours can be in a sandbox", "set the mode to off");
            return Some(Problem::new("sandbox.mode", problem, hint));
        }
    }
    // What was within the limits of the instance when it was set is no reason to leave everything else as it is.
    let limits_change = stored.is_none_or(|stored| stored.limits != *limits);
    if let Some(wrong) = rules.limits.check(limits).filter(|_| limits_change) {
        let hint = match wrong.largest {
            Some(largest) => format!("use {} to {largest}, the most that this instance allows", wrong.smallest),
            None => format!("use at least {}", wrong.smallest),
        };
        return Some(Problem::new(format!("limits.{}", wrong.limit.name()), "it is out of range", hint));
    }
    if is_process(transport) && !rules.sandbox.allows(sandbox.mode) && !wanted.rests() {
        let problem = "this instance starts no server without a whole sandbox (its setting servers.sandbox)";
        return Some(Problem::new("sandbox.mode", problem, "set the mode to on"));
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

/// The first thing that is said anew of a server that is no process, and that only processes have. What is left of a
/// time when it was one, or was stored before this was looked at, may stay.
fn meaningless(wanted: Wanted<'_>) -> Option<String> {
    let Wanted { limits, sandbox, stored, .. } = wanted;
    let had = |limit| stored.and_then(|stored| stored.limits.get(limit));
    let limit = limits.set().find(|(limit, value)| limit.needs_a_process() && had(*limit) != Some(*value));
    if let Some((limit, _)) = limit {
        return Some(format!("limits.{}", limit.name()));
    }
    let Sandbox { read_paths, write_paths, network, .. } = sandbox;
    let anew = |differs: fn(&Sandbox, &Sandbox) -> bool| stored.is_none_or(|stored| differs(&stored.sandbox, sandbox));
    let said = [
        ("sandbox.read_paths", !read_paths.is_empty() && anew(|a, b| a.read_paths != b.read_paths)),
        ("sandbox.write_paths", !write_paths.is_empty() && anew(|a, b| a.write_paths != b.write_paths)),
        ("sandbox.network", *network != NetworkAccess::Full && anew(|a, b| a.network != b.network)),
    ];
    said.into_iter().find_map(|(field, is_said)| is_said.then(|| field.to_owned()))
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

/// What the member of ours in `mcp-config.json` says of limits and sandbox; nothing when nothing is set that means
/// something for the server.
pub(crate) fn to_json(server: &Server) -> Map<String, Value> {
    let mut member = Map::new();
    let is_process = is_process(&server.transport);
    let limits = server.limits.set().filter(|(limit, _)| is_process || !limit.needs_a_process());
    let limits: Map<_, _> = limits.map(|(limit, value)| (limit.name().to_owned(), json!(value))).collect();
    if !limits.is_empty() {
        member.insert("limits".to_owned(), Value::Object(limits));
    }
    if is_process && server.sandbox != Sandbox::default() {
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
    /// All of the profile, but for what the instance says where it says nothing.
    pub(crate) sandbox: Option<SandboxPatch>,
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

fn sandbox(value: &Value) -> Result<SandboxPatch, Problem> {
    let mut sandbox = SandboxPatch::default();
    let (mut kind, mut ports) = (None, Vec::new());
    for (name, value) in object("sandbox", value)? {
        let field = format!("sandbox.{name}");
        match name.as_str() {
            "mode" => {
                let mode = value.as_str().and_then(SandboxMode::parse);
                let wrong = || Problem::new(field, "it is not a mode", "use off, on or best_effort");
                sandbox.mode = Some(mode.ok_or_else(wrong)?);
            }
            "read_paths" => {
                sandbox.read_paths = Some(list(&field, value, "paths", |item| item.as_str().map(str::to_owned))?);
            }
            "write_paths" => {
                sandbox.write_paths = Some(list(&field, value, "paths", |item| item.as_str().map(str::to_owned))?);
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
    sandbox.network = Some(network(kind.as_deref().unwrap_or("full"), ports)?);
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
    use orch_domain::confinement::ConfinementRules;
    use orch_domain::limits::Limit;
    use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode};
    use orch_domain::server::Server;
    use orch_testkit::builders::a_server;
    use serde_json::{Value, json};

    use super::{SandboxPatch, Wanted, check_confinement, from_json, to_json};

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
        let profile = read.sandbox.map(|patch| patch.apply(Sandbox::default()));
        assert_eq!((read.limits, profile), (Some(server.limits), Some(server.sandbox)));
        assert!(to_json(&a_server().build()).is_empty());
        let read = from_json(&json!({})).unwrap();
        assert_eq!((read.limits, read.sandbox), (None, None));
        let modeless = from_json(&json!({"sandbox": {"read_paths": ["/x"]}})).unwrap().sandbox.unwrap();
        let expected = SandboxPatch { read_paths: Some(vec!["/x".into()]), ..SandboxPatch::default() };
        assert_eq!(SandboxPatch { network: None, ..modeless }, expected, "the mode is the instance's to say");
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
        let rules = ConfinementRules::default();
        let check = |change: fn(&mut Sandbox), fits: bool| {
            let mut sandbox = Sandbox { mode: SandboxMode::On, ..Sandbox::default() };
            change(&mut sandbox);
            let server = a_server().sandbox(sandbox).build();
            assert_eq!(check_confinement(Wanted::new(&server, None), &rules).is_ok(), fits);
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
        assert!(check_confinement(Wanted::new(&remote.build(), None), &rules).is_err());
    }

    #[test]
    fn a_remote_server_is_told_nothing_of_a_process() {
        let rules = ConfinementRules::default();
        let field = |server: &Server, stored: Option<&Server>| {
            check_confinement(Wanted::new(server, stored), &rules).err().map(|error| error.to_string())
        };
        let remote = || a_server().http("https://a/");
        for limit in [Limit::Memory, Limit::CpuTime, Limit::OpenFiles, Limit::Processes] {
            let refused = field(&remote().limit(limit, 64).build(), None).expect("a refusal");
            let said = format!("limits.{}: it means nothing for a remote server", limit.name());
            assert!(refused.starts_with(&said), "{refused}");
        }
        for limit in [Limit::Line, Limit::Log] {
            assert_eq!(field(&remote().limit(limit, 64).build(), None), None, "{limit:?}");
        }
        let profile = |change: fn(&mut Sandbox)| {
            let mut sandbox = Sandbox::default();
            change(&mut sandbox);
            remote().sandbox(sandbox).build()
        };
        let paths = profile(|sandbox| sandbox.read_paths = vec!["/a".into()]);
        let written = profile(|sandbox| sandbox.write_paths = vec!["/a".into()]);
        let network = profile(|sandbox| sandbox.network = NetworkAccess::None);
        for (server, name) in [(&paths, "read_paths"), (&written, "write_paths"), (&network, "network")] {
            let refused = field(server, None).expect("a refusal");
            assert!(refused.starts_with(&format!("sandbox.{name}: it means nothing")), "{refused}");
            assert_eq!(field(server, Some(server)), None, "what is there may stay");
            assert_eq!(field(&remote().build(), Some(server)), None, "and go");
        }
        let before = remote().limit(Limit::Memory, 64).build();
        assert_eq!(field(&remote().limit(Limit::Memory, 64).limit(Limit::Log, 64).build(), Some(&before)), None);
        assert!(field(&remote().limit(Limit::Memory, 65).build(), Some(&before)).is_some());
        let small = field(&remote().limit(Limit::Memory, 5).build(), None).expect("a refusal");
        assert!(small.starts_with("limits.memory_mib: it means nothing"), "no other number would do: {small}");
        // What is exported is imported elsewhere.
        let left = remote().limit(Limit::Memory, 64).limit(Limit::Log, 64).sandbox(paths.sandbox).build();
        assert_eq!(Value::Object(to_json(&left)), json!({"limits": {"log_kib": 64}}));
    }
}
