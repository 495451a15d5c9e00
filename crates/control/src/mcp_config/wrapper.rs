//! Where in a file the servers are: under `mcpServers`, `servers`, `mcp.servers`, `context_servers`, or bare.

use std::collections::HashMap;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;

use crate::mcp_config::reader::Reader;

/// The servers of a file, with the path of the object that they are in.
pub(super) struct Found<'v, 'a> {
    pub(super) path: String,
    pub(super) servers: &'v [ObjectProp<'a>],
    /// What VS Code asks its user for: id and description.
    pub(super) inputs: HashMap<String, String>,
}

/// The names of the wrapper, by client.
const WRAPPERS: [&str; 4] = [
    // Claude Desktop, Claude Code, Cursor, Cline, Windsurf
    "mcpServers",
    // Zed
    "context_servers",
    // VS Code: mcp.json, and its settings with a dotted name
    "servers",
    "mcp.servers",
];

/// What makes an object a server.
const MARKS: [&str; 5] = ["command", "url", "serverUrl", "httpUrl", "type"];

const SHAPE: &str = r#"write {"mcpServers": {"name": {"command": "npx", "args": []}}}"#;

pub(super) fn find<'v, 'a>(root: &'v Value<'a>, reader: &mut Reader<'a>) -> Option<Found<'v, 'a>> {
    let Value::Object(root) = root else {
        reader.problem(String::new(), root.start(), "expected an object", SHAPE);
        return None;
    };
    let mut candidates: Vec<(String, &ObjectProp<'a>, &Object<'a>)> = Vec::new();
    for name in WRAPPERS {
        candidates.extend(wrapper(root, name).map(|(member, servers)| (name.to_owned(), member, servers)));
    }
    // The settings of VS Code hold an object `mcp`, and that holds the servers and the inputs.
    let nested = member(root, "mcp").and_then(|mcp| Some((mcp, mcp.value.as_object()?)));
    if let Some((mcp, inside)) = nested {
        candidates.extend(wrapper(inside, "servers").map(|(_, servers)| ("mcp.servers".to_owned(), mcp, servers)));
    }
    if let Some((path, chosen, servers)) = candidates.into_iter().next() {
        let beside = match nested {
            Some((mcp, inside)) if mcp.start() == chosen.start() => inside,
            _ => root,
        };
        let inputs = inputs(beside, reader);
        note_the_rest(root, chosen, reader);
        return Some(Found { path, servers: &servers.properties, inputs });
    }
    let servers = root.properties.iter().filter(|member| looks_like_server(&member.value)).count();
    if servers > 0 && servers * 2 >= root.properties.len() {
        return Some(Found { path: String::new(), servers: &root.properties, inputs: HashMap::new() });
    }
    if root.properties.is_empty() {
        return Some(Found { path: String::new(), servers: &[], inputs: HashMap::new() });
    }
    if MARKS.iter().any(|mark| member(root, mark).is_some()) {
        let hint = r#"put it under a name: {"mcpServers": {"name": { ... }}}"#;
        reader.problem(String::new(), root.start(), "this is one server without a name", hint);
    } else {
        reader.problem(String::new(), root.start(), "there are no servers in this file", SHAPE);
    }
    None
}

/// The member of that name, unless it is a server that is called so.
fn wrapper<'v, 'a>(object: &'v Object<'a>, name: &str) -> Option<(&'v ObjectProp<'a>, &'v Object<'a>)> {
    let member = member(object, name)?;
    let inside = member.value.as_object()?;
    (!looks_like_server(&member.value)).then_some((member, inside))
}

fn looks_like_server(value: &Value<'_>) -> bool {
    let Value::Object(object) = value else {
        return false;
    };
    // A map of servers may hold a server called `command`: then the member is an object, except in Zed's files,
    // where a command is an object with a path.
    object.properties.iter().any(|member| {
        let name = member.name.as_str();
        let plain = MARKS.contains(&name) && member.value.as_object().is_none();
        let zed = name == "command"
            && member.value.as_object().is_some_and(|command| self::member(command, "path").is_some());
        plain || zed
    })
}

fn member<'v, 'a>(object: &'v Object<'a>, name: &str) -> Option<&'v ObjectProp<'a>> {
    object.properties.iter().find(|member| member.name.as_str() == name)
}

fn inputs<'a>(object: &Object<'a>, reader: &mut Reader<'a>) -> HashMap<String, String> {
    let Some(member) = member(object, "inputs") else {
        return HashMap::new();
    };
    let inputs: HashMap<_, _> = member
        .value
        .as_array()
        .into_iter()
        .flat_map(|array| &array.elements)
        .filter_map(|input| {
            let input = input.as_object()?;
            let id = self::member(input, "id")?.value.as_string_lit()?.value.clone().into_owned();
            let description = self::member(input, "description").and_then(|member| member.value.as_string_lit());
            Some((id, description.map(|text| text.value.clone().into_owned()).unwrap_or_default()))
        })
        .collect();
    reader.note(
        "inputs".to_owned(),
        member.start(),
        "these are questions that VS Code asks, and nobody is asked here",
        "write the values in place of ${input:...}",
    );
    inputs
}

fn note_the_rest<'a>(root: &Object<'a>, chosen: &ObjectProp<'a>, reader: &mut Reader<'a>) {
    let rest: Vec<_> = root
        .properties
        .iter()
        .filter(|member| member.start() != chosen.start())
        .filter(|member| !matches!(member.name.as_str(), "inputs" | "$schema"))
        .collect();
    let Some(first) = rest.first() else {
        return;
    };
    let mut names: Vec<_> = rest.iter().take(5).map(|member| format!("`{}`", member.name.as_str())).collect();
    if rest.len() > names.len() {
        names.push(format!("{} more", rest.len() - names.len()));
    }
    let text = format!("not imported, as it is beside the servers: {}", names.join(", "));
    reader.note(String::new(), first.start(), text, "");
}
