//! `server set`: how a server is run.

use std::time::Duration;

use anyhow::bail;
use orch_app::control::servers::ServerPatch;
use orch_app::control::servers::run_patch::RunPatch;
use orch_app::domain::run_settings::{Isolation, PersonalValue};

/// What is not named stays as it is; `default` takes the instance's own setting again.
#[derive(clap::Args)]
#[group(id = "run_settings")]
pub(crate) struct Set {
    /// Who shares a process: shared, per_principal or per_session
    #[arg(long, value_name = "WHO")]
    isolation: Option<String>,
    /// Whether it runs without being asked: true or false
    #[arg(long, value_name = "BOOL")]
    always_on: Option<bool>,
    /// Seconds without use after which it is stopped, or default
    #[arg(long, value_name = "SECONDS")]
    idle_stop: Option<String>,
    /// Seconds that its calls may take
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
    /// A tool's own time, such as search=120, or search=default; may be given more than once
    #[arg(long, value_name = "TOOL=SECONDS")]
    tool_timeout: Vec<String>,
    /// Calls at the same time, or default
    #[arg(long, value_name = "COUNT")]
    max_in_flight: Option<String>,
    /// Processes of single principals or sessions at the same time, or default
    #[arg(long, value_name = "COUNT")]
    max_connections: Option<String>,
    /// A variable or header that each member brings along; may be given more than once
    #[arg(long, value_name = "NAME")]
    personal: Vec<String>,
    /// One that is the project's again; may be given more than once
    #[arg(long, value_name = "NAME")]
    not_personal: Vec<String>,
}

impl Set {
    /// `local` says that the server is a process, which has variables and no headers.
    pub(super) fn into_patch(self, local: bool) -> anyhow::Result<ServerPatch> {
        let mut run = RunPatch { always_on: self.always_on, ..RunPatch::default() };
        if let Some(text) = self.isolation {
            let Some(isolation) = Isolation::parse(&text) else {
                bail!("--isolation: `{text}` is not known; write shared, per_principal or per_session");
            };
            run.isolation = Some(isolation);
        }
        run.idle_stop = self.idle_stop.map(|text| or_default("--idle-stop", &text, seconds)).transpose()?;
        run.max_in_flight = self.max_in_flight.map(|text| or_default("--max-in-flight", &text, count)).transpose()?;
        run.max_connections =
            self.max_connections.map(|text| or_default("--max-connections", &text, count)).transpose()?;
        for text in self.tool_timeout {
            let Some((tool, time)) = text.rsplit_once('=') else {
                bail!("--tool-timeout: `{text}` has no `=`; write TOOL=SECONDS");
            };
            run.tool_timeouts.insert(tool.to_owned(), or_default("--tool-timeout", time, seconds)?);
        }
        let set = self
            .personal
            .into_iter()
            .map(|name| (name, Some(PersonalValue { required: true, description: String::new() })));
        let unset = self.not_personal.into_iter().map(|name| (name, None));
        let personal = set.chain(unset).collect();
        if local {
            run.personal_env = personal;
        } else {
            run.personal_headers = personal;
        }
        let call_timeout = self.timeout.map(Duration::try_from_secs_f64).transpose();
        let Ok(call_timeout) = call_timeout else { bail!("--timeout: it is out of range; write seconds") };
        Ok(ServerPatch { call_timeout, run, ..ServerPatch::default() })
    }
}

fn or_default<T>(flag: &str, text: &str, read: impl Fn(&str) -> Option<T>) -> anyhow::Result<Option<T>> {
    if text == "default" {
        return Ok(None);
    }
    match read(text) {
        Some(value) => Ok(Some(value)),
        None => bail!("{flag}: `{text}` is not understood; write a number, or default"),
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let duration = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    Some(Duration::from_millis(u64::try_from(duration.as_millis()).ok()?))
}

fn count(text: &str) -> Option<u32> {
    text.parse().ok()
}
