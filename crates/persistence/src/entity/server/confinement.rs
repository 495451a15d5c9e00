//! The columns `limits` and `sandbox`: JSON text, null for what nobody has set.

use std::collections::BTreeMap;

use orch_domain::limits::{Limit, ProcessLimits};
use orch_domain::sandbox::{NetworkAccess, Sandbox, SandboxMode};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SandboxColumn {
    mode: String,
    read: Vec<String>,
    write: Vec<String>,
    network: NetworkColumn,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NetworkColumn {
    Full,
    None,
    Ports(Vec<u16>),
}

pub(super) fn limits(column: Option<&str>) -> Result<ProcessLimits, String> {
    let Some(text) = column else { return Ok(ProcessLimits::default()) };
    let values: BTreeMap<String, u32> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    values.into_iter().try_fold(ProcessLimits::default(), |limits, (name, value)| {
        let limit = Limit::named(&name).ok_or_else(|| format!("`{name}` is not a limit"))?;
        Ok(limits.with(limit, Some(value)))
    })
}

pub(super) fn limits_column(limits: &ProcessLimits) -> Option<String> {
    let values: serde_json::Map<_, _> =
        limits.set().map(|(limit, value)| (limit.name().to_owned(), value.into())).collect();
    (!values.is_empty()).then(|| serde_json::Value::Object(values).to_string())
}

pub(super) fn sandbox(column: Option<&str>) -> Result<Sandbox, String> {
    let Some(text) = column else { return Ok(Sandbox::default()) };
    let SandboxColumn { mode, read, write, network } = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(Sandbox {
        mode: SandboxMode::parse(&mode).ok_or_else(|| format!("`{mode}` is not a mode"))?,
        read_paths: read,
        write_paths: write,
        network: match network {
            NetworkColumn::Full => NetworkAccess::Full,
            NetworkColumn::None => NetworkAccess::None,
            NetworkColumn::Ports(ports) => NetworkAccess::Ports(ports),
        },
    })
}

pub(super) fn sandbox_column(sandbox: &Sandbox) -> Option<String> {
    if *sandbox == Sandbox::default() {
        return None;
    }
    let column = SandboxColumn {
        mode: sandbox.mode.as_str().to_owned(),
        read: sandbox.read_paths.clone(),
        write: sandbox.write_paths.clone(),
        network: match &sandbox.network {
            NetworkAccess::Full => NetworkColumn::Full,
            NetworkAccess::None => NetworkColumn::None,
            NetworkAccess::Ports(ports) => NetworkColumn::Ports(ports.clone()),
        },
    };
    // Strings and numbers: there is nothing in it that could fail.
    serde_json::to_string(&column).ok()
}
