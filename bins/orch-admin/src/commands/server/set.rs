//! `server set`: how a server is run.

use std::time::Duration;

use anyhow::{Context, anyhow};
use orch_app::control::servers::ServerPatch;
use orch_app::control::servers::run_patch::RunPatch;
use orch_app::domain::run_settings::{Isolation, PersonalValue};

use crate::failure;

/// What is not named stays as it is; `default` takes the instance's own setting again.
#[derive(clap::Args)]
#[group(id = "run_settings", required = true, multiple = true)]
pub(crate) struct Set {
    /// Who shares a process: shared, per_principal or per_session
    #[arg(long, value_name = "WHO", value_parser = isolation)]
    isolation: Option<Isolation>,
    /// Whether it runs without being asked: true or false
    #[arg(long, value_name = "BOOL")]
    always_on: Option<bool>,
    /// Seconds without use after which it is stopped, or default
    #[arg(long, value_name = "SECONDS", value_parser = or_default(seconds))]
    idle_stop: Option<OrDefault<Duration>>,
    /// Seconds that its calls may take
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    timeout: Option<Duration>,
    /// A tool's own time, such as search=120, or search=default; may be given more than once
    #[arg(long, value_name = "TOOL=SECONDS", value_parser = tool_timeout)]
    tool_timeout: Vec<(String, OrDefault<Duration>)>,
    /// Calls at the same time, or default
    #[arg(long, value_name = "COUNT", value_parser = or_default(count))]
    max_in_flight: Option<OrDefault<u32>>,
    /// Processes of single principals or sessions at the same time, or default
    #[arg(long, value_name = "COUNT", value_parser = or_default(count))]
    max_connections: Option<OrDefault<u32>>,
    /// A variable or header that each member brings along; may be given more than once
    #[arg(long, value_name = "NAME")]
    personal: Vec<String>,
    /// One that is the project's again; may be given more than once
    #[arg(long, value_name = "NAME")]
    not_personal: Vec<String>,
}

/// A value, or none for the instance's own.
#[derive(Debug, Clone, Copy)]
struct OrDefault<T>(Option<T>);

impl Set {
    /// `local` says that the server is a process, which has variables and no headers.
    pub(super) fn into_patch(self, local: bool) -> anyhow::Result<ServerPatch> {
        if let Some(name) = self.personal.iter().find(|name| self.not_personal.contains(name)) {
            let problem = anyhow!("{name} cannot be both --personal and --not-personal; name it once");
            return Err(failure::usage(problem));
        }
        let set = self
            .personal
            .into_iter()
            .map(|name| (name, Some(PersonalValue { required: true, description: String::new() })));
        let unset = self.not_personal.into_iter().map(|name| (name, None));
        let mut run = RunPatch {
            isolation: self.isolation,
            always_on: self.always_on,
            idle_stop: self.idle_stop.map(|time| time.0),
            max_in_flight: self.max_in_flight.map(|count| count.0),
            max_connections: self.max_connections.map(|count| count.0),
            tool_timeouts: self.tool_timeout.into_iter().map(|(tool, time)| (tool, time.0)).collect(),
            ..RunPatch::default()
        };
        let personal = set.chain(unset).collect();
        if local {
            run.personal_env = personal;
        } else {
            run.personal_headers = personal;
        }
        Ok(ServerPatch { call_timeout: self.timeout, run, ..ServerPatch::default() })
    }
}

fn isolation(text: &str) -> anyhow::Result<Isolation> {
    Isolation::parse(text).context("write shared, per_principal or per_session")
}

fn tool_timeout(text: &str) -> anyhow::Result<(String, OrDefault<Duration>)> {
    let (tool, time) = text.rsplit_once('=').context("it has no `=`; write TOOL=SECONDS")?;
    Ok((tool.to_owned(), or_default(seconds)(time)?))
}

fn or_default<T>(
    read: impl Fn(&str) -> anyhow::Result<T> + Clone,
) -> impl Fn(&str) -> anyhow::Result<OrDefault<T>> + Clone {
    move |text| match text {
        "default" => Ok(OrDefault(None)),
        text => read(text).map(|value| OrDefault(Some(value))).map_err(|error| anyhow!("{error}, or default")),
    }
}

fn seconds(text: &str) -> anyhow::Result<Duration> {
    let read = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let whole = read.and_then(|time| u64::try_from(time.as_millis()).ok());
    whole.map(Duration::from_millis).context("write a number of seconds, such as 30")
}

fn count(text: &str) -> anyhow::Result<u32> {
    text.parse().ok().context("write a whole number")
}
