//! Servers as they are sent: with secrets, which go in and never come out.

use std::collections::BTreeMap;
use std::time::Duration;

use orch_control::servers::blueprint::NewTransport;
use orch_control::servers::transport_patch::{TransportKind, TransportPatch};
use orch_control::servers::{NewServer, ServerPatch};
use orch_domain::dialect::Dialect;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::dialect::{EraView, InteractiveView};
use crate::api_error::ApiError;
use crate::rest::servers::confinement::{ProcessLimitsRequest, SandboxRequest};
use crate::rest::servers::run::UpdateRunRequest;

/// A server to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateServerRequest {
    /// 1 to 24 of a-z, 0-9 and -, starting with a letter; unique in the project.
    alias: String,
    /// For people: 1 to 100 characters on one line; the alias when left out.
    #[serde(default)]
    name: Option<String>,
    /// A server that is not is never started, and offers nothing.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
    /// Seconds that a call may take, at most 3600; 30 when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3600)]
    timeout: Option<f64>,
    /// Which era of the protocol is used toward it.
    #[serde(default)]
    era: EraView,
    /// Whether it may ask the clients behind its calls.
    #[serde(default)]
    interactive: InteractiveView,
    /// How it is run; what is left out is the instance's own setting.
    #[serde(default)]
    run: UpdateRunRequest,
    /// How it is reached.
    transport: TransportRequest,
    /// Limits; a server that is dialled has `line_kib` and `log_kib` alone.
    #[serde(default)]
    limits: ProcessLimitsRequest,
    /// What its processes may see and reach, of a stdio server.
    #[serde(default)]
    sandbox: SandboxRequest,
}

/// How the server is reached: `command`, `args`, `env` and `cwd` for `stdio`; `url` and `headers` for the others.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransportRequest {
    /// Which of the three.
    #[serde(rename = "type")]
    kind: TransportTypeView,
    /// The program: a name that is found in `PATH`, or a path.
    #[serde(default)]
    command: Option<String>,
    /// Its arguments, in order. Secret: never shown again.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    args: Option<Vec<SecretString>>,
    /// Its environment variables, beside the few that every program gets. The values are secret.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    env: Option<BTreeMap<String, SecretString>>,
    /// Its working directory. When left out, the home directory, or one of its own where it has a sandbox or the home
    /// directory cannot be used.
    #[serde(default)]
    cwd: Option<String>,
    /// Where it is, with http or https.
    #[serde(default)]
    url: Option<String>,
    /// Headers to send with every request. The values are secret.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    headers: Option<BTreeMap<String, SecretString>>,
}

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = TransportType)]
pub enum TransportTypeView {
    #[serde(rename = "stdio")]
    Stdio,
    #[serde(rename = "streamable-http")]
    StreamableHttp,
    #[serde(rename = "sse")]
    Sse,
}

/// Fields that are left out stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateServerRequest {
    /// 1 to 24 of a-z, 0-9 and -, starting with a letter; unique in the project.
    alias: Option<String>,
    /// For people: 1 to 100 characters on one line.
    name: Option<String>,
    /// A server that is not is never started, and offers nothing.
    enabled: Option<bool>,
    /// Seconds that a call may take, at most 3600.
    #[schema(minimum = 0, maximum = 3600)]
    timeout: Option<f64>,
    /// Which era of the protocol is used toward it.
    era: Option<EraView>,
    /// Whether it may ask the clients behind its calls.
    interactive: Option<InteractiveView>,
    /// How it is run.
    #[serde(default)]
    run: UpdateRunRequest,
    /// How it is reached.
    transport: Option<UpdateTransportRequest>,
    /// Limits; a server that is dialled has `line_kib` and `log_kib` alone.
    #[serde(default)]
    limits: ProcessLimitsRequest,
    /// What its processes may see and reach, of a stdio server.
    #[serde(default)]
    sandbox: SandboxRequest,
}

/// Fields that are left out stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTransportRequest {
    /// Another type takes all that it needs, as nothing of the old one fits.
    #[serde(rename = "type")]
    kind: Option<TransportTypeView>,
    /// The program: a name that is found in `PATH`, or a path.
    command: Option<String>,
    /// The whole list; null in it keeps the stored argument at the same position.
    #[schema(value_type = Option<Vec<Option<String>>>)]
    args: Option<Vec<Option<SecretString>>>,
    /// Single variables: a value sets one, null removes it, the others stay.
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    env: Option<BTreeMap<String, Option<SecretString>>>,
    /// Null removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    cwd: Option<Option<String>>,
    /// Where it is, with http or https.
    url: Option<String>,
    /// Single headers: a value sets one, null removes it, the others stay.
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    headers: Option<BTreeMap<String, Option<SecretString>>>,
}

impl CreateServerRequest {
    pub(super) fn into_new(self) -> Result<NewServer, ApiError> {
        Ok(NewServer {
            alias: self.alias,
            name: self.name,
            enabled: self.enabled,
            call_timeout: timeout(self.timeout)?,
            dialect: Dialect { era: self.era.into(), interactive: self.interactive.into() },
            run: self.run.into_patch()?,
            transport: self.transport.into_new()?,
            limits: self.limits.into_patch(),
            sandbox: self.sandbox.into_patch()?,
        })
    }
}

impl TransportRequest {
    fn into_new(self) -> Result<NewTransport, ApiError> {
        let headers = |headers: Option<BTreeMap<String, SecretString>>| headers.into_iter().flatten().collect();
        match self.kind {
            TransportTypeView::Stdio => {
                let foreign = [("url", self.url.is_some()), ("headers", self.headers.is_some())];
                refuse(&foreign, "a stdio server has command, args, env and cwd")?;
                let command = self.command.ok_or_else(|| missing("command", "write the program, such as npx"))?;
                Ok(NewTransport::Stdio {
                    command,
                    args: self.args.unwrap_or_default(),
                    env: self.env.into_iter().flatten().collect(),
                    cwd: self.cwd,
                })
            }
            TransportTypeView::StreamableHttp | TransportTypeView::Sse => {
                let foreign = [
                    ("command", self.command.is_some()),
                    ("args", self.args.is_some()),
                    ("env", self.env.is_some()),
                    ("cwd", self.cwd.is_some()),
                ];
                refuse(&foreign, "a server that is dialled has url and headers")?;
                let url = self.url.ok_or_else(|| missing("url", "write it as https://host/path"))?;
                Ok(if self.kind == TransportTypeView::Sse {
                    NewTransport::Sse { url, headers: headers(self.headers) }
                } else {
                    NewTransport::StreamableHttp { url, headers: headers(self.headers) }
                })
            }
        }
    }
}

impl UpdateServerRequest {
    pub(super) fn into_patch(self) -> Result<ServerPatch, ApiError> {
        Ok(ServerPatch {
            alias: self.alias,
            name: self.name,
            enabled: self.enabled,
            call_timeout: timeout(self.timeout)?,
            era: self.era.map(Into::into),
            interactive: self.interactive.map(Into::into),
            run: self.run.into_patch()?,
            transport: self.transport.map(UpdateTransportRequest::into_patch),
            limits: self.limits.into_patch(),
            sandbox: self.sandbox.into_patch()?,
        })
    }
}

impl UpdateTransportRequest {
    fn into_patch(self) -> TransportPatch {
        TransportPatch {
            kind: self.kind.map(|kind| match kind {
                TransportTypeView::Stdio => TransportKind::Stdio,
                TransportTypeView::StreamableHttp => TransportKind::StreamableHttp,
                TransportTypeView::Sse => TransportKind::Sse,
            }),
            command: self.command,
            args: self.args,
            env: self.env.map(|env| env.into_iter().collect()),
            cwd: self.cwd,
            url: self.url,
            headers: self.headers.map(|headers| headers.into_iter().collect()),
        }
    }
}

const fn yes() -> bool {
    true
}

/// Tells null from absent.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Milliseconds are fine enough; what does not fit is refused by the rules for servers.
fn timeout(seconds: Option<f64>) -> Result<Option<Duration>, ApiError> {
    let Some(seconds) = seconds else {
        return Ok(None);
    };
    let timeout = Duration::try_from_secs_f64(seconds).map_err(|_| {
        ApiError::invalid("timeout", "it is out of range", "write seconds, more than 0 and at most 3600")
    })?;
    Ok(Some(Duration::from_millis(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))))
}

fn missing(field: &str, hint: &str) -> ApiError {
    ApiError::invalid(format!("transport.{field}"), "it is missing", hint)
}

fn refuse(foreign: &[(&str, bool)], hint: &str) -> Result<(), ApiError> {
    match foreign.iter().find(|(_, present)| *present) {
        Some((name, _)) => {
            Err(ApiError::invalid(format!("transport.{name}"), "it does not belong to this transport", hint))
        }
        None => Ok(()),
    }
}
