//! Writing of `mcp-config.json`: our dialect, with placeholders for every secret.

use orch_domain::dialect::{Era, Interactive};
use orch_domain::secret::Slot;
use orch_domain::server::{Server, Transport};
use serde_json::{Map, Value, json};

use crate::mcp_config::{placeholder, run};
use crate::servers::confinement;

/// The names that a member of ours has; an unknown member that came with one of them is not written again.
const OURS: [&str; 11] =
    ["type", "command", "args", "env", "cwd", "url", "headers", "timeout", "era", "interactive", run::MEMBER];

/// The file with these servers, under the keys of [`key`].
pub(crate) fn file(servers: &[Server]) -> Value {
    let entries: Map<String, Value> =
        servers.iter().map(|server| (key(server, servers), Value::Object(entry(server)))).collect();
    json!({ "mcpServers": entries })
}

/// The name of a server in a file: its own, when nothing else in the project could be meant by it; or its alias.
pub(crate) fn key(server: &Server, servers: &[Server]) -> String {
    let name = server.name.as_str();
    let taken = servers
        .iter()
        .filter(|other| other.id != server.id)
        .any(|other| other.name == name || other.alias.as_str() == name);
    if taken || name.is_empty() { server.alias.to_string() } else { name.to_owned() }
}

fn entry(server: &Server) -> Map<String, Value> {
    let stand_in = |slot: &Slot| Value::String(placeholder::text(&placeholder::name(&server.alias, slot)));
    let mut entry = Map::new();
    match &server.transport {
        Transport::Stdio { command, cwd } => {
            entry.insert("command".to_owned(), json!(command));
            let args: Vec<_> = server.args().map(|secret| stand_in(&secret.slot)).collect();
            if !args.is_empty() {
                entry.insert("args".to_owned(), Value::Array(args));
            }
            let env: Map<_, _> = server
                .secrets
                .iter()
                .filter_map(|secret| match &secret.slot {
                    Slot::Env(name) => Some((name.clone(), stand_in(&secret.slot))),
                    Slot::Arg(_) | Slot::Header(_) => None,
                })
                .collect();
            if !env.is_empty() {
                entry.insert("env".to_owned(), Value::Object(env));
            }
            if let Some(cwd) = cwd {
                entry.insert("cwd".to_owned(), json!(cwd));
            }
        }
        Transport::StreamableHttp { url } | Transport::Sse { url } => {
            entry.insert("type".to_owned(), json!(server.transport.kind()));
            entry.insert("url".to_owned(), json!(url));
            let headers: Map<_, _> = server
                .secrets
                .iter()
                .filter_map(|secret| match &secret.slot {
                    Slot::Header(name) => Some((title_case(name), stand_in(&secret.slot))),
                    Slot::Arg(_) | Slot::Env(_) => None,
                })
                .collect();
            if !headers.is_empty() {
                entry.insert("headers".to_owned(), Value::Object(headers));
            }
        }
    }
    if !server.enabled {
        entry.insert("disabled".to_owned(), json!(true));
    }
    if server.call_timeout != Server::DEFAULT_CALL_TIMEOUT {
        entry.insert("timeout".to_owned(), run::in_seconds(server.call_timeout));
    }
    let mut ours = run::write(&server.run);
    ours.extend(confinement::to_json(server));
    if !ours.is_empty() {
        entry.insert(run::MEMBER.to_owned(), Value::Object(ours));
    }
    if server.dialect.era != Era::default() {
        entry.insert("era".to_owned(), json!(server.dialect.era.as_str()));
    }
    if server.dialect.interactive != Interactive::default() {
        entry.insert("interactive".to_owned(), json!(server.dialect.interactive.as_str()));
    }
    let extra: Map<String, Value> = serde_json::from_str(&server.extra).unwrap_or_default();
    for (name, value) in extra {
        if !OURS.contains(&name.as_str()) {
            entry.entry(name).or_insert(value);
        }
    }
    entry
}

/// `authorization` as people write it: `Authorization`.
fn title_case(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|c| {
            let c = if start { c.to_ascii_uppercase() } else { c };
            start = c == '-';
            c
        })
        .collect()
}
