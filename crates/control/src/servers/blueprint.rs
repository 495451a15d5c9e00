//! What a server shall be launched or dialled with, before its secrets are sealed; and the rules for it. Knows nothing
//! about who asks.

use orch_domain::id::SecretId;
use orch_domain::port::vault::{Vault, VaultError};
use orch_domain::secret::{Secret, Slot};
use orch_domain::server::Transport;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::ControlError;
use crate::problem::Problem;

/// How a new server is reached, with its secrets in plain.
#[derive(Debug)]
pub enum NewTransport {
    Stdio { command: String, args: Vec<SecretString>, env: Vec<(String, SecretString)>, cwd: Option<String> },
    StreamableHttp { url: String, headers: Vec<(String, SecretString)> },
    Sse { url: String, headers: Vec<(String, SecretString)> },
}

#[derive(Debug)]
pub(crate) struct Blueprint {
    pub(crate) transport: Transport,
    pub(crate) values: Vec<(Slot, SlotValue)>,
}

/// What goes into a slot.
#[derive(Debug)]
pub(crate) enum SlotValue {
    /// What is stored already, for this or another slot of the same kind.
    Keep(Secret),
    New(SecretString),
}

const MAX_VALUES: usize = 256;
const MAX_VALUE_BYTES: usize = 32 * 1024;
const MAX_TEXT_BYTES: usize = 4096;
const MAX_NAME_BYTES: usize = 256;

/// Headers that belong to one hop or to the protocol: the daemon writes them itself.
const RESERVED_HEADERS: [&str; 16] = [
    "accept",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-connection",
];

impl From<NewTransport> for Blueprint {
    fn from(new: NewTransport) -> Self {
        match new {
            NewTransport::Stdio { command, args, env, cwd } => Self {
                transport: Transport::Stdio { command, cwd },
                values: args
                    .into_iter()
                    .enumerate()
                    .map(|(position, arg)| (arg_slot(position), SlotValue::New(arg)))
                    .chain(env.into_iter().map(|(name, value)| (Slot::Env(name), SlotValue::New(value))))
                    .collect(),
            },
            NewTransport::StreamableHttp { url, headers } => {
                Self { transport: Transport::StreamableHttp { url }, values: header_values(headers) }
            }
            NewTransport::Sse { url, headers } => {
                Self { transport: Transport::Sse { url }, values: header_values(headers) }
            }
        }
    }
}

impl Blueprint {
    /// Names everything that is wrong, with fields below `parent`.
    pub(crate) fn check(&self, parent: &str) -> Result<(), ControlError> {
        let mut problems = check_transport(&self.transport);
        if let Some(problem) = check_count(self.values.len()) {
            return Err(ControlError::Invalid { problems: vec![problem.below(parent)] });
        }
        let mut seen = std::collections::HashSet::new();
        for (slot, value) in &self.values {
            if !seen.insert(slot) {
                problems.push(Problem::new(field(slot), "it is there twice", "leave one of them out"));
            }
            let plain = match value {
                SlotValue::New(plain) => plain.expose_secret(),
                SlotValue::Keep(_) => "",
            };
            if let Some((problem, hint)) = check_value(slot, plain) {
                problems.push(Problem::new(field(slot), problem, hint));
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(ControlError::Invalid { problems: problems.into_iter().map(|problem| problem.below(parent)).collect() })
    }

    /// Seals what is new and keeps what is kept.
    pub(crate) fn seal(self, vault: &dyn Vault) -> Result<(Transport, Vec<Secret>), VaultError> {
        let mut secrets: Vec<Secret> = Vec::with_capacity(self.values.len());
        for (slot, value) in self.values {
            let plain = match value {
                // A secret that moves to another slot keeps its row; one that is used twice needs a row of its own.
                SlotValue::Keep(kept) if secrets.iter().all(|secret| secret.id != kept.id) => {
                    secrets.push(Secret { slot, ..kept });
                    continue;
                }
                SlotValue::Keep(kept) => vault.open(Secret::place(kept.id), &kept.sealed)?,
                SlotValue::New(plain) => plain,
            };
            let id = SecretId::new();
            let sealed = vault.seal(Secret::place(id), &plain)?;
            secrets.push(Secret { id, slot, sealed });
        }
        Ok((self.transport, secrets))
    }
}

/// The slot of the argument at `position`; positions past the limit fall together and are refused by the limit.
pub(crate) fn arg_slot(position: usize) -> Slot {
    Slot::Arg(u16::try_from(position).unwrap_or(u16::MAX))
}

pub(crate) fn header_slot(name: &str) -> Slot {
    Slot::Header(name.to_ascii_lowercase())
}

fn header_values(headers: Vec<(String, SecretString)>) -> Vec<(Slot, SlotValue)> {
    headers.into_iter().map(|(name, value)| (header_slot(&name), SlotValue::New(value))).collect()
}

/// The path of a slot below its transport.
pub(crate) fn field(slot: &Slot) -> String {
    match slot {
        Slot::Arg(position) => format!("args[{position}]"),
        Slot::Env(name) => format!("env.{name}"),
        Slot::Header(name) => format!("headers.{name}"),
    }
}

pub(crate) fn check_count(values: usize) -> Option<Problem> {
    let problem = format!("more than {MAX_VALUES} arguments, variables and headers");
    (values > MAX_VALUES).then(|| Problem::new("", problem, "leave some out"))
}

/// What is wrong with command, directory or URL; fields are relative to the transport.
pub(crate) fn check_transport(transport: &Transport) -> Vec<Problem> {
    let mut problems = Vec::new();
    match transport {
        Transport::Stdio { command, cwd } => {
            problems.extend(check_text("command", command, "write the program, such as npx"));
            if let Some(cwd) = cwd {
                problems.extend(check_text("cwd", cwd, "write a directory or leave the field out"));
            }
        }
        Transport::StreamableHttp { url } | Transport::Sse { url } => problems.extend(check_url(url)),
    }
    problems
}

/// What is wrong with the name or the value of a slot, and what to do about it. Never quotes the value.
pub(crate) fn check_value(slot: &Slot, value: &str) -> Option<(&'static str, &'static str)> {
    if value.len() > MAX_VALUE_BYTES {
        return Some(("the value is too long", "use at most 32 KiB"));
    }
    match slot {
        Slot::Arg(_) if value.contains('\0') => Some(("it holds a NUL character", "remove it")),
        Slot::Arg(_) => None,
        Slot::Env(name) => {
            if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(|c| c == '=' || c.is_control()) {
                return Some(("it is not the name of a variable", "use letters, digits and _"));
            }
            value.contains('\0').then_some(("the value holds a NUL character", "remove it"))
        }
        Slot::Header(name) => {
            if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_token) {
                return Some(("it is not the name of a header", "use letters, digits and -"));
            }
            if RESERVED_HEADERS.contains(&name.as_str()) {
                return Some(("this header is written by the daemon", "leave it out"));
            }
            let bad = value.chars().any(|c| c.is_control() && c != '\t');
            bad.then_some(("the value holds a line break or control character", "remove it"))
        }
    }
}

fn check_text(field: &str, text: &str, hint: &str) -> Option<Problem> {
    let problem = if text.trim().is_empty() {
        "it is empty"
    } else if text.len() > MAX_TEXT_BYTES {
        "it is too long"
    } else if text.chars().any(char::is_control) {
        "it holds a control character"
    } else {
        return None;
    };
    Some(Problem::new(field, problem, hint))
}

fn check_url(text: &str) -> Option<Problem> {
    const HINT: &str = "write it as https://host/path";
    if text.len() > MAX_TEXT_BYTES {
        return Some(Problem::new("url", "it is too long", HINT));
    }
    let Ok(url) = Url::parse(text) else {
        return Some(Problem::new("url", "it is not a URL", HINT));
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Some(Problem::new("url", "it is not an HTTP URL", HINT));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some(Problem::new(
            "url",
            "it holds credentials, and URLs are not secret here",
            "put them into the header Authorization instead, as Basic and the base64 of name:password",
        ));
    }
    if url.fragment().is_some() {
        return Some(Problem::new("url", "it has a fragment", "leave out # and what follows"));
    }
    None
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}
