//! One server of a file, in the words of any client.

use std::collections::HashMap;
use std::time::Duration;

use jsonc_parser::ast::{Array, NumberLit, Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use orch_domain::secret::Slot;
use orch_domain::server::Transport;
use secrecy::SecretString;

use crate::mcp_config::source::Source;
use crate::mcp_config::{ConfigServer, ConfigValue, placeholder};
use crate::problem::Problem;
use crate::servers::Servers;
use crate::servers::blueprint::{arg_slot, header_slot};

/// At most this many are listed; who has more mends these first.
const MAX_REPORTED: usize = 100;

/// Collects what is wrong while a file is read.
pub(super) struct Reader<'a> {
    source: Source<'a>,
    notes: Vec<Problem>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(source: Source<'a>) -> Self {
        Self { source, notes: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, path: String, offset: usize, problem: impl Into<String>, hint: impl Into<String>) {
        if self.problems.len() < MAX_REPORTED {
            self.problems.push(Problem::new(path, problem, hint).at(self.source.position(offset)));
        }
    }

    pub(super) fn note(&mut self, path: String, offset: usize, note: impl Into<String>, hint: impl Into<String>) {
        if self.notes.len() < MAX_REPORTED {
            self.notes.push(Problem::new(path, note, hint).at(self.source.position(offset)));
        }
    }

    pub(super) fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        (self.notes, self.problems)
    }

    /// Says that something else stands where `expected` should.
    fn expected(&mut self, path: String, expected: &str, value: &Value<'a>, hint: impl Into<String>) {
        self.problem(path, value.start(), format!("expected {expected}, found {}", kind(value)), hint);
    }

    fn string(&mut self, path: &str, value: &Value<'a>) -> Option<String> {
        match value {
            Value::StringLit(text) => Some(text.value.clone().into_owned()),
            Value::NumberLit(number) => {
                let hint = format!(r#"write "{}""#, number.value);
                self.expected(path.to_owned(), "a string", value, hint);
                None
            }
            Value::BooleanLit(flag) => {
                self.expected(path.to_owned(), "a string", value, format!(r#"write "{}""#, flag.value));
                None
            }
            Value::Object(_) | Value::Array(_) | Value::NullKeyword(_) => {
                self.expected(path.to_owned(), "a string", value, r#"write "...""#);
                None
            }
        }
    }

    fn flag(&mut self, path: &str, value: &Value<'a>) -> Option<bool> {
        if let Value::BooleanLit(flag) = value {
            return Some(flag.value);
        }
        self.expected(path.to_owned(), "true or false", value, "write it without quotes");
        None
    }

    fn object<'v>(&mut self, path: &str, value: &'v Value<'a>) -> Option<&'v Object<'a>> {
        if let Value::Object(object) = value {
            return Some(object);
        }
        self.expected(path.to_owned(), "an object", value, "write { ... }");
        None
    }

    fn array<'v>(&mut self, path: &str, value: &'v Value<'a>) -> Option<&'v Array<'a>> {
        if let Value::Array(array) = value {
            return Some(array);
        }
        let hint = match value {
            Value::StringLit(_) => "put it into [ ]",
            _ => r#"write ["a", "b"]"#,
        };
        self.expected(path.to_owned(), "an array", value, hint);
        None
    }
}

/// What has been read of one entry.
#[derive(Default)]
struct Draft {
    command: Option<String>,
    args: Vec<ConfigValue>,
    env: Vec<ConfigValue>,
    cwd: Option<String>,
    url: Option<String>,
    headers: Vec<ConfigValue>,
    kind: Option<Kind>,
    disabled: Option<bool>,
    timeout: Option<Duration>,
    extra: serde_json::Map<String, serde_json::Value>,
    failed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stdio,
    StreamableHttp,
    Sse,
}

/// Reads one member of the object of servers. None when something is wrong with it.
pub(super) fn read<'a>(
    reader: &mut Reader<'a>,
    parent: &str,
    member: &ObjectProp<'a>,
    inputs: &HashMap<String, String>,
) -> Option<ConfigServer> {
    let key = member.name.as_str().to_owned();
    let path = join(parent, &key);
    let object = reader.object(&path, &member.value)?;
    let before = reader.problems.len();
    if key.trim().is_empty()
        || key.chars().count() > crate::display_name::MAX_CHARS
        || key.chars().any(char::is_control)
    {
        reader.problem(path.clone(), member.start(), "this is no name for a server", "use 1 to 100 characters");
    }
    let mut draft = Draft::default();
    let mut seen = Vec::new();
    for inner in &object.properties {
        let name = inner.name.as_str();
        if seen.contains(&name) {
            reader.problem(join(&path, name), inner.start(), "it is there twice", "leave one of them out");
            continue;
        }
        seen.push(name);
        draft.read(reader, &path, inner);
    }
    let transport = draft.transport(reader, &path, member.start(), before);
    let mut values = draft.args;
    values.extend(draft.env);
    values.extend(draft.headers);
    for value in &values {
        explain_input(reader, value, inputs);
    }
    if reader.problems.len() > before || draft.failed {
        return None;
    }
    Some(ConfigServer {
        key,
        path,
        offset: member.start(),
        disabled: draft.disabled.unwrap_or(false),
        timeout: draft.timeout,
        transport: transport?,
        values,
        extra: draft.extra,
    })
}

impl Draft {
    fn read<'a>(&mut self, reader: &mut Reader<'a>, parent: &str, member: &ObjectProp<'a>) {
        let name = member.name.as_str();
        let path = join(parent, name);
        let value = &member.value;
        match name {
            "command" => match value {
                // Zed's nested form.
                Value::Object(command) => {
                    for inner in &command.properties {
                        let renamed = if inner.name.as_str() == "path" { "command" } else { inner.name.as_str() };
                        self.read_launch(reader, &path, renamed, inner);
                    }
                }
                _ => self.command = reader.string(&path, value),
            },
            "args" | "env" | "cwd" => self.read_launch(reader, parent, name, member),
            "url" | "serverUrl" | "httpUrl" => {
                if self.url.is_some() {
                    reader.problem(path, member.start(), "there are two URLs", "leave one of them out");
                    return;
                }
                if name == "httpUrl" {
                    self.kind = self.kind.or(Some(Kind::StreamableHttp));
                }
                self.url = reader.string(&path, value);
            }
            "headers" => self.headers = named_values(reader, &path, value, header_slot),
            "type" | "transport" => self.read_kind(reader, &path, value),
            "disabled" => self.disabled = reader.flag(&path, value).or(self.disabled),
            "enabled" => self.disabled = reader.flag(&path, value).map(|enabled| !enabled).or(self.disabled),
            "timeout" => self.timeout = timeout(reader, &path, value),
            _ => self.keep(reader, path, member),
        }
    }

    fn read_launch<'a>(&mut self, reader: &mut Reader<'a>, parent: &str, name: &str, member: &ObjectProp<'a>) {
        let path = join(parent, member.name.as_str());
        let value = &member.value;
        match name {
            "command" => self.command = reader.string(&path, value),
            "args" => {
                let Some(array) = reader.array(&path, value) else {
                    return;
                };
                for (position, element) in array.elements.iter().enumerate() {
                    let path = format!("{path}[{position}]");
                    if let Some(text) = reader.string(&path, element) {
                        let text = SecretString::from(text);
                        self.args.push(ConfigValue { slot: arg_slot(position), text, path, offset: element.start() });
                    }
                }
            }
            // VS Code and Zed write null for what is not set.
            "env" | "cwd" if matches!(value, Value::NullKeyword(_)) => {}
            "env" => self.env = named_values(reader, &path, value, |name| Slot::Env(name.to_owned())),
            "cwd" => self.cwd = reader.string(&path, value),
            _ => self.keep(reader, path, member),
        }
    }

    fn read_kind<'a>(&mut self, reader: &mut Reader<'a>, path: &str, value: &Value<'a>) {
        let Some(text) = reader.string(path, value) else {
            return;
        };
        let kind = match text.as_str() {
            "stdio" => Kind::Stdio,
            "http" | "streamable-http" | "streamableHttp" | "streamable_http" => Kind::StreamableHttp,
            "sse" => Kind::Sse,
            _ => {
                let hint = r#"write "stdio", "streamable-http" or "sse""#;
                reader.problem(path.to_owned(), value.start(), "this transport is not known", hint);
                return;
            }
        };
        self.kind = Some(kind);
    }

    /// Keeps a member that means nothing to us, and says so. A secret is not kept where it could be read back.
    fn keep<'a>(&mut self, reader: &mut Reader<'a>, path: String, member: &ObjectProp<'a>) {
        let name = member.name.as_str();
        let value = to_json(reader, &member.value);
        if may_hold_secret(name, &value) {
            let hint = "put it into args, env or headers, where it is encrypted";
            reader.note(path, member.start(), "it looks like a secret and was left out", hint);
            return;
        }
        reader.note(path, member.start(), "it means nothing here; it is kept and exported again", "");
        self.extra.insert(name.to_owned(), value);
    }

    fn transport(&mut self, reader: &mut Reader<'_>, path: &str, offset: usize, before: usize) -> Option<Transport> {
        let kind = match (self.kind, &self.command, &self.url) {
            (Some(kind), _, _) => kind,
            (None, Some(_), Some(_)) => {
                let hint = r#"leave one of them out, or add "type""#;
                reader.problem(path.to_owned(), offset, "it has a command and a url", hint);
                return None;
            }
            (None, Some(_), None) => Kind::Stdio,
            (None, None, Some(url)) if ends_in_sse(url) => {
                let hint = r#"add "type" to say otherwise"#;
                reader.note(join(path, "url"), offset, "taken for HTTP+SSE, as it ends in /sse", hint);
                Kind::Sse
            }
            (None, None, Some(_)) => Kind::StreamableHttp,
            (None, None, None) => {
                self.failed = true;
                // What was there and was no string has been reported.
                if reader.problems.len() == before {
                    reader.problem(path.to_owned(), offset, "it has neither command nor url", "write one of them");
                }
                return None;
            }
        };
        let foreign = if kind == Kind::Stdio {
            self.url.is_some() || !self.headers.is_empty()
        } else {
            self.command.is_some() || !self.args.is_empty() || !self.env.is_empty() || self.cwd.is_some()
        };
        if foreign {
            let (problem, hint) = if kind == Kind::Stdio {
                ("a process has no url and headers", "leave them out, or change the type")
            } else {
                ("a remote server has no command, args, env and cwd", "leave them out, or change the type")
            };
            reader.problem(path.to_owned(), offset, problem, hint);
        }
        let missing = |reader: &mut Reader<'_>, what: &str| {
            reader.problem(join(path, what), offset, "it is missing", "write it, or change the type");
        };
        match kind {
            Kind::Stdio => {
                let Some(command) = self.command.take() else {
                    missing(reader, "command");
                    return None;
                };
                Some(Transport::Stdio { command, cwd: self.cwd.take() })
            }
            Kind::StreamableHttp | Kind::Sse => {
                let Some(url) = self.url.take() else {
                    missing(reader, "url");
                    return None;
                };
                note_key_in_url(reader, path, offset, &url);
                Some(if kind == Kind::Sse { Transport::Sse { url } } else { Transport::StreamableHttp { url } })
            }
        }
    }
}

fn named_values<'a>(
    reader: &mut Reader<'a>,
    path: &str,
    value: &Value<'a>,
    slot: impl Fn(&str) -> Slot,
) -> Vec<ConfigValue> {
    let Some(object) = reader.object(path, value) else {
        return Vec::new();
    };
    let mut values: Vec<ConfigValue> = Vec::new();
    for member in &object.properties {
        let path = join(path, member.name.as_str());
        let slot = slot(member.name.as_str());
        if values.iter().any(|value| value.slot == slot) {
            reader.problem(path, member.start(), "it is there twice", "leave one of them out");
            continue;
        }
        if let Slot::Header(name) = &slot
            && matches!(name.as_str(), "accept" | "content-type")
        {
            reader.note(path, member.start(), "this header is written by the daemon; it was left out", "");
            continue;
        }
        if let Some(text) = reader.string(&path, &member.value) {
            values.push(ConfigValue { slot, text: SecretString::from(text), path, offset: member.value.start() });
        }
    }
    values
}

fn timeout<'a>(reader: &mut Reader<'a>, path: &str, value: &Value<'a>) -> Option<Duration> {
    let Value::NumberLit(NumberLit { value: text, .. }) = value else {
        reader.expected(path.to_owned(), "a number", value, "write seconds without quotes, such as 30");
        return None;
    };
    let timeout = text.parse().ok().and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok());
    let timeout = timeout.filter(|timeout| !timeout.is_zero() && *timeout <= Servers::MAX_CALL_TIMEOUT);
    if timeout.is_none() {
        let hint = "write seconds, more than 0 and at most 3600: 30 for half a minute";
        reader.problem(path.to_owned(), value.start(), "it is out of range", hint);
    }
    // Finer than milliseconds is nothing that a timeout can keep.
    timeout.map(|timeout| Duration::from_millis(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1)))
}

/// Says in VS Code's own words what a placeholder of it stands for.
fn explain_input(reader: &mut Reader<'_>, value: &ConfigValue, inputs: &HashMap<String, String>) {
    let text = secrecy::ExposeSecret::expose_secret(&value.text);
    let Some(id) = placeholder::first(text).and_then(|found| found.strip_prefix("${input:")?.strip_suffix('}')) else {
        return;
    };
    let what = inputs.get(id).filter(|description| !description.is_empty());
    let hint = match what {
        Some(description) => format!("write the value in place of ${{input:{id}}}: {description}"),
        None => format!("write the value in place of ${{input:{id}}}"),
    };
    reader.problem(value.path.clone(), value.offset, "VS Code would ask for it, and nobody is asked here", hint);
}

fn note_key_in_url(reader: &mut Reader<'_>, path: &str, offset: usize, url: &str) {
    let query = url.split_once('?').map(|(_, query)| query.to_ascii_lowercase()).unwrap_or_default();
    if ["key=", "token=", "secret=", "password="].iter().any(|mark| query.contains(mark)) {
        let hint = "everybody on the project sees URLs: put it into a header if the server takes one";
        reader.note(join(path, "url"), offset, "its query looks like it holds a secret", hint);
    }
}

fn ends_in_sse(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    path.trim_end_matches('/').ends_with("/sse")
}

/// Whether a member that we would store in plain and give out again may be something to hide.
fn may_hold_secret(name: &str, value: &serde_json::Value) -> bool {
    const MARKS: [&str; 9] =
        ["secret", "token", "password", "passwd", "apikey", "api_key", "api-key", "credential", "authorization"];
    let lower = name.to_ascii_lowercase();
    let marked = MARKS.iter().any(|mark| lower.contains(mark));
    match value {
        serde_json::Value::Object(members) => {
            (matches!(lower.as_str(), "headers" | "env") && !members.is_empty())
                || members.iter().any(|(inner, value)| may_hold_secret(inner, value) || (marked && holds_text(value)))
        }
        serde_json::Value::Array(items) => {
            items.iter().any(|item| may_hold_secret("", item) || (marked && holds_text(item)))
        }
        serde_json::Value::String(_) => marked,
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => false,
    }
}

fn holds_text(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(_) => true,
        serde_json::Value::Array(items) => items.iter().any(holds_text),
        serde_json::Value::Object(members) => members.values().any(holds_text),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => false,
    }
}

fn to_json<'a>(reader: &Reader<'a>, value: &Value<'a>) -> serde_json::Value {
    match value {
        Value::StringLit(text) => serde_json::Value::String(text.value.clone().into_owned()),
        // The parser takes only numbers that JSON has; one that does not fit stays as it was written.
        Value::NumberLit(number) => serde_json::from_str(number.value)
            .unwrap_or_else(|_| serde_json::Value::String(reader.source.slice(number.range()).to_owned())),
        Value::BooleanLit(flag) => serde_json::Value::Bool(flag.value),
        Value::NullKeyword(_) => serde_json::Value::Null,
        Value::Array(array) => array.elements.iter().map(|element| to_json(reader, element)).collect(),
        Value::Object(object) => object
            .properties
            .iter()
            .map(|member| (member.name.as_str().to_owned(), to_json(reader, &member.value)))
            .collect(),
    }
}

const fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::StringLit(_) => "a string",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(_) => "true or false",
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::NullKeyword(_) => "null",
    }
}

/// `parent.name`, or `parent["name"]` when the name is no plain word.
fn join(parent: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'));
    match (parent.is_empty(), plain) {
        (true, true) => name.to_owned(),
        (false, true) => format!("{parent}.{name}"),
        (_, false) => format!("{parent}[{name:?}]"),
    }
}
