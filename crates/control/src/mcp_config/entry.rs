//! One server of a file, in the words of any client.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jsonc_parser::ast::{NumberLit, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use orch_domain::dialect::{Era, Interactive};
use orch_domain::secret::Slot;
use orch_domain::server::Transport;
use secrecy::SecretString;

use crate::mcp_config::reader::{Reader, join};
use crate::mcp_config::unknown::{may_hold_secret, to_json};
use crate::mcp_config::{ConfigServer, ConfigValue, placeholder, run};
use crate::servers::Servers;
use crate::servers::blueprint::{arg_slot, check_count, header_slot};
use crate::servers::confinement::{self, Confinement};
use crate::servers::run_patch::RunPatch;

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
    era: Option<Era>,
    interactive: Option<Interactive>,
    run: RunPatch,
    confinement: Confinement,
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
    if key.trim().is_empty()
        || key.chars().count() > crate::display_name::MAX_CHARS
        || key.chars().any(char::is_control)
    {
        reader.problem(parent.to_owned(), member.start(), "this is no name for a server", "use 1 to 100 characters");
        return None;
    }
    let path = join(parent, &key);
    let object = reader.object(&path, &member.value)?;
    let before = reader.problem_count();
    let mut draft = Draft::default();
    let mut seen = HashSet::new();
    for inner in &object.properties {
        let name = inner.name.as_str();
        if !seen.insert(name) {
            reader.problem(join(&path, name), inner.start(), "it is there twice", "leave one of them out");
            continue;
        }
        draft.read(reader, &path, inner);
    }
    let transport = draft.transport(reader, &path, member.start(), before);
    let mut values = draft.args;
    values.extend(draft.env);
    values.extend(draft.headers);
    if let Some(problem) = check_count(values.len()) {
        reader.problem(path, member.start(), problem.problem, problem.hint);
        return None;
    }
    for value in &values {
        explain_input(reader, value, inputs);
    }
    if reader.problem_count() > before || draft.failed {
        return None;
    }
    Some(ConfigServer {
        key,
        path,
        offset: member.start(),
        disabled: draft.disabled.unwrap_or(false),
        timeout: draft.timeout,
        era: draft.era,
        interactive: draft.interactive,
        run: draft.run,
        transport: transport?,
        values,
        confinement: draft.confinement,
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
                _ => self.command = command(reader, &path, value),
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
                self.url = reader.string_or(&path, value, r#"write "https://...""#);
            }
            "headers" => self.headers = named_values(reader, &path, value, header_slot),
            "type" | "transport" => self.read_kind(reader, &path, value),
            "disabled" => self.disabled = reader.flag(&path, value).or(self.disabled),
            "enabled" => self.disabled = reader.flag(&path, value).map(|enabled| !enabled).or(self.disabled),
            "timeout" => self.timeout = timeout(reader, &path, value),
            "era" => self.era = word(reader, &path, value, Era::parse, r#"write "auto", "legacy" or "modern""#),
            "interactive" => {
                self.interactive = word(reader, &path, value, Interactive::parse, r#"write "auto" or "never""#);
            }
            run::MEMBER => self.read_ours(reader, &path, value),
            _ => self.keep(reader, path, member),
        }
    }

    /// The member of ours: limits and sandbox, and how the server is run.
    fn read_ours<'a>(&mut self, reader: &mut Reader<'a>, path: &str, value: &Value<'a>) {
        let mut ours = to_json(reader.source, value);
        let mut confined = serde_json::Map::new();
        if let Some(members) = ours.as_object_mut() {
            confined.extend(confinement::MEMBERS.into_iter().filter_map(|name| members.remove_entry(name)));
        }
        match confinement::from_json(&serde_json::Value::Object(confined)) {
            Ok(confinement) => self.confinement = confinement,
            Err(problem) => {
                let problem = problem.below(path);
                reader.problem(problem.field, value.start(), problem.problem, problem.hint);
            }
        }
        match run::read(&ours) {
            Ok(run) => self.run = run,
            Err((inner, hint)) => {
                let path = if inner.is_empty() { path.to_owned() } else { join(path, &inner) };
                reader.problem(path, value.start(), "it is not understood", hint);
            }
        }
    }

    fn read_launch<'a>(&mut self, reader: &mut Reader<'a>, parent: &str, name: &str, member: &ObjectProp<'a>) {
        let path = join(parent, member.name.as_str());
        let value = &member.value;
        match name {
            "command" => self.command = command(reader, &path, value),
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
        let value = to_json(reader.source, &member.value);
        if may_hold_secret(name, &value) {
            let hint = "put it into args, env or headers, where it is encrypted";
            reader.note(path, member.start(), "it looks like a secret and was left out", hint);
            return;
        }
        reader.note(path, member.start(), "it means nothing here; it is kept, and exported again to admins", "");
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
                if reader.problem_count() == before {
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
            // What was there and was no string has been reported.
            if reader.problem_count() == before {
                reader.problem(join(path, what), offset, "it is missing", "write it, or change the type");
            }
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

fn command<'a>(reader: &mut Reader<'a>, path: &str, value: &Value<'a>) -> Option<String> {
    let hint = match value {
        Value::Array(_) => r#"write the first of them as "command": "...", and the others as "args": ["..."]"#,
        _ => r#"write the program, such as "npx""#,
    };
    reader.string_or(path, value, hint)
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
    let mut seen = HashSet::new();
    for member in &object.properties {
        let path = join(path, member.name.as_str());
        let slot = slot(member.name.as_str());
        if !seen.insert(slot.clone()) {
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

/// One of a few words.
fn word<'a, T>(
    reader: &mut Reader<'a>,
    path: &str,
    value: &Value<'a>,
    parse: impl Fn(&str) -> Option<T>,
    hint: &str,
) -> Option<T> {
    let word = parse(&reader.string(path, value)?);
    if word.is_none() {
        reader.problem(path.to_owned(), value.start(), "this word is not known", hint);
    }
    word
}

/// Seconds, or milliseconds where seconds would be more than there may be: some clients write those.
fn timeout<'a>(reader: &mut Reader<'a>, path: &str, value: &Value<'a>) -> Option<Duration> {
    let Value::NumberLit(NumberLit { value: text, .. }) = value else {
        reader.expected(path.to_owned(), "a number", value, "write seconds without quotes, such as 30");
        return None;
    };
    let number: Option<f64> = text.parse().ok();
    let is_in_millis = number.is_some_and(|number| number > Servers::MAX_CALL_TIMEOUT.as_secs_f64());
    let seconds = number.map(|number| if is_in_millis { number / 1000.0 } else { number });
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let timeout = timeout.filter(|timeout| !timeout.is_zero() && *timeout <= Servers::MAX_CALL_TIMEOUT);
    if timeout.is_none() {
        let hint = "write seconds, more than 0 and at most 3600: 30 for half a minute";
        reader.problem(path.to_owned(), value.start(), "it is out of range", hint);
    } else if is_in_millis {
        let hint = "write seconds to say it yourself";
        reader.note(path.to_owned(), value.start(), "taken for milliseconds, as it would be more than an hour", hint);
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
