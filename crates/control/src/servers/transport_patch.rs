//! Partial changes of what is launched or dialled: who cannot read the secrets can still replace one of them.

use orch_domain::secret::{Secret, Slot};
use orch_domain::server::{Server, Transport};
use secrecy::SecretString;

use crate::error::ControlError;
use crate::problem::Problem;
use crate::servers::blueprint::{Blueprint, SlotValue, arg_slot, check_count, header_slot};
use crate::servers::moved;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportKind {
    Stdio,
    StreamableHttp,
    Sse,
}

/// What to change; None leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct TransportPatch {
    pub kind: Option<TransportKind>,
    pub command: Option<String>,
    /// The whole list; None in it stands for the stored argument at the same position.
    pub args: Option<Vec<Option<SecretString>>>,
    /// Single variables: a value sets one, None removes it, the others stay.
    pub env: Option<Vec<(String, Option<SecretString>)>>,
    /// Some(None) removes the directory.
    pub cwd: Option<Option<String>>,
    pub url: Option<String>,
    /// Single headers, like `env`.
    pub headers: Option<Vec<(String, Option<SecretString>)>>,
}

impl TransportPatch {
    /// The server's blueprint with the changes in it, checked.
    pub(crate) fn apply(self, server: &Server) -> Result<Blueprint, ControlError> {
        let old_kind = kind(&server.transport);
        let kind = self.kind.unwrap_or(old_kind);
        let local = kind == TransportKind::Stdio;
        self.refuse_foreign_fields(local)?;
        let count = self.args.as_ref().map_or(0, Vec::len)
            + self.env.as_ref().map_or(0, Vec::len)
            + self.headers.as_ref().map_or(0, Vec::len);
        if let Some(problem) = check_count(count) {
            return Err(ControlError::Invalid { problems: vec![problem.below("transport")] });
        }

        let mut values: Vec<(Slot, SlotValue)> = Vec::new();
        // A process and a connection have no secrets in common; the two ways of dialling have all.
        if local == (old_kind == TransportKind::Stdio) {
            values.extend(server.secrets.iter().map(|secret| (secret.slot.clone(), SlotValue::Keep(secret.clone()))));
        }
        if let Some(args) = self.args {
            values.retain(|(slot, _)| !matches!(slot, Slot::Arg(_)));
            values.extend(replaced_args(args, server)?);
        }
        for (name, value) in self.env.into_iter().flatten() {
            put(&mut values, Slot::Env(name), value);
        }
        for (name, value) in self.headers.into_iter().flatten() {
            put(&mut values, header_slot(&name), value);
        }
        let transport = if local {
            let (old_command, old_cwd) = match &server.transport {
                Transport::Stdio { command, cwd } => (Some(command.clone()), cwd.clone()),
                Transport::StreamableHttp { .. } | Transport::Sse { .. } => (None, None),
            };
            let cwd = self.cwd.unwrap_or(old_cwd);
            let command = self.command.or(old_command);
            let command = command.ok_or_else(|| {
                ControlError::invalid("transport.command", "it is missing", "write the program, such as npx")
            })?;
            Transport::Stdio { command, cwd }
        } else {
            let old_url = match &server.transport {
                Transport::StreamableHttp { url } | Transport::Sse { url } => Some(url.clone()),
                Transport::Stdio { .. } => None,
            };
            let url = self.url.or(old_url).ok_or_else(|| {
                ControlError::invalid("transport.url", "it is missing", "write it as https://host/path")
            })?;
            match kind {
                TransportKind::Sse => Transport::Sse { url },
                TransportKind::Stdio | TransportKind::StreamableHttp => Transport::StreamableHttp { url },
            }
        };
        if let Some(problem) = moved::to_another_host(&server.transport, &transport, &values) {
            return Err(ControlError::Invalid { problems: vec![problem.below("transport")] });
        }
        let blueprint = Blueprint { transport, values };
        blueprint.check("transport")?;
        Ok(blueprint)
    }

    fn refuse_foreign_fields(&self, local: bool) -> Result<(), ControlError> {
        let of_stdio = [
            ("command", self.command.is_some()),
            ("args", self.args.is_some()),
            ("env", self.env.is_some()),
            ("cwd", self.cwd.is_some()),
        ];
        let of_http = [("url", self.url.is_some()), ("headers", self.headers.is_some())];
        let (foreign, hint): (&[(&str, bool)], _) = if local {
            (&of_http, "a stdio server has command, args, env and cwd")
        } else {
            (&of_stdio, "a server that is dialled has url and headers")
        };
        let problems: Vec<_> = foreign
            .iter()
            .filter(|(_, present)| *present)
            .map(|(name, _)| Problem::new(format!("transport.{name}"), "it does not belong to this transport", hint))
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(ControlError::Invalid { problems }) }
    }
}

pub(crate) const fn kind(transport: &Transport) -> TransportKind {
    match transport {
        Transport::Stdio { .. } => TransportKind::Stdio,
        Transport::StreamableHttp { .. } => TransportKind::StreamableHttp,
        Transport::Sse { .. } => TransportKind::Sse,
    }
}

fn replaced_args(args: Vec<Option<SecretString>>, server: &Server) -> Result<Vec<(Slot, SlotValue)>, ControlError> {
    let stored: Vec<&Secret> = server.args().collect();
    args.into_iter()
        .enumerate()
        .map(|(position, arg)| {
            let value = match (arg, stored.get(position)) {
                (Some(new), _) => SlotValue::New(new),
                (None, Some(secret)) => SlotValue::Keep((*secret).clone()),
                (None, None) => {
                    return Err(ControlError::invalid(
                        format!("transport.args[{position}]"),
                        "null keeps a stored argument, and there is none at this position",
                        "write the argument",
                    ));
                }
            };
            Ok((arg_slot(position), value))
        })
        .collect()
}

/// Sets or removes what is in a slot.
fn put(values: &mut Vec<(Slot, SlotValue)>, slot: Slot, value: Option<SecretString>) {
    values.retain(|(other, _)| *other != slot);
    if let Some(value) = value {
        values.push((slot, SlotValue::New(value)));
    }
}
