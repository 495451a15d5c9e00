//! `mcp-config.json` as MCP clients write it: reading every dialect into one shape, and writing ours. Knows nothing of
//! projects, permissions or the store.

mod entry;
pub(crate) mod placeholder;
mod reader;
pub(crate) mod render;
pub(crate) mod run;
pub(crate) mod source;
mod unknown;
mod wrapper;

use std::collections::HashSet;
use std::time::Duration;

use jsonc_parser::common::Ranged;
use orch_domain::dialect::{Era, Interactive};
use orch_domain::secret::Slot;
use orch_domain::server::Transport;
use secrecy::SecretString;

use crate::mcp_config::reader::Reader;
use crate::mcp_config::source::Source;
use crate::problem::Problem;
use crate::servers::confinement::Confinement;
use crate::servers::run_patch::RunPatch;

/// A file as it was understood.
#[derive(Debug)]
pub(crate) struct ConfigFile<'a> {
    pub(crate) source: Source<'a>,
    /// In the order of the file.
    pub(crate) servers: Vec<ConfigServer>,
    /// What was not understood or not taken as it stands, and yet stops nothing.
    pub(crate) notes: Vec<Problem>,
    pub(crate) problems: Vec<Problem>,
}

/// One server of a file.
#[derive(Debug)]
pub(crate) struct ConfigServer {
    /// The name that it has in the file.
    pub(crate) key: String,
    /// The path of the entry, such as `mcpServers.github`.
    pub(crate) path: String,
    pub(crate) offset: usize,
    pub(crate) disabled: bool,
    /// Absent when the file does not say.
    pub(crate) timeout: Option<Duration>,
    pub(crate) era: Option<Era>,
    pub(crate) interactive: Option<Interactive>,
    /// Empty when the file does not say.
    pub(crate) run: RunPatch,
    pub(crate) transport: Transport,
    pub(crate) values: Vec<ConfigValue>,
    /// What the member of ours says.
    pub(crate) confinement: Confinement,
    /// Members that we do not interpret.
    pub(crate) extra: serde_json::Map<String, serde_json::Value>,
}

/// An argument, environment value or header value.
#[derive(Debug)]
pub(crate) struct ConfigValue {
    pub(crate) slot: Slot,
    pub(crate) text: SecretString,
    pub(crate) path: String,
    pub(crate) offset: usize,
}

/// More servers than that in one file are refused.
pub(crate) const MAX_SERVERS: usize = 256;

/// Reads a file. Problems are collected, so that one look shows them all.
pub(crate) fn parse(text: &str) -> ConfigFile<'_> {
    let source = Source::new(text);
    let mut file = ConfigFile { source, servers: Vec::new(), notes: Vec::new(), problems: Vec::new() };
    let root = match source.parse() {
        Ok(root) => root,
        Err(problem) => {
            file.problems.push(*problem);
            return file;
        }
    };
    let mut reader = Reader::new(source);
    if let Some(found) = wrapper::find(&root, &mut reader) {
        let mut seen = HashSet::new();
        for member in found.servers.iter().take(MAX_SERVERS) {
            if seen.insert(member.name.as_str()) {
                file.servers.extend(entry::read(&mut reader, &found.path, member, &found.inputs));
            } else {
                let hint = "rename or remove one of them";
                reader.problem(found.path.clone(), member.start(), "two servers have the same name", hint);
            }
        }
        if found.servers.len() > MAX_SERVERS {
            let hint = format!("at most {MAX_SERVERS} servers are taken at once");
            reader.problem(found.path, 0, "too many servers", hint);
        }
    }
    (file.notes, file.problems) = reader.finish();
    file
}
