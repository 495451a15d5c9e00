//! The column `servers.run`: how a server is run, as JSON. What is not set is not written.

use std::collections::BTreeMap;
use std::time::Duration;

use orch_domain::run_settings::{Isolation, PersonalValue, RunSettings};
use orch_domain::secret::Slot;
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Column {
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    always_on: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_stop_ms: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tool_timeouts_ms: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_in_flight: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_connections: Option<u32>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    personal_env: BTreeMap<String, Personal>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    personal_headers: BTreeMap<String, Personal>,
}

#[derive(Serialize, Deserialize)]
struct Personal {
    required: bool,
    description: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// An error says what cannot be read.
pub(super) fn read(text: &str) -> Result<RunSettings, String> {
    let column: Column = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let isolation = match &column.isolation {
        None => Isolation::default(),
        Some(text) => Isolation::parse(text).ok_or_else(|| format!("`{text}` is not an isolation"))?,
    };
    let value = |personal: Personal| PersonalValue { required: personal.required, description: personal.description };
    let env = column.personal_env.into_iter().map(|(name, personal)| (Slot::Env(name), value(personal)));
    let headers = column.personal_headers.into_iter().map(|(name, personal)| (Slot::Header(name), value(personal)));
    Ok(RunSettings {
        isolation,
        always_on: column.always_on,
        idle_stop: column.idle_stop_ms.map(Duration::from_millis),
        tool_timeouts: column
            .tool_timeouts_ms
            .into_iter()
            .map(|(tool, ms)| (tool, Duration::from_millis(ms)))
            .collect(),
        max_in_flight: column.max_in_flight,
        max_connections: column.max_connections,
        personal: env.chain(headers).collect(),
    })
}

pub(super) fn write(run: &RunSettings) -> String {
    let mut column = Column {
        isolation: (run.isolation != Isolation::default()).then(|| run.isolation.as_str().to_owned()),
        always_on: run.always_on,
        idle_stop_ms: run.idle_stop.map(millis),
        tool_timeouts_ms: run.tool_timeouts.iter().map(|(tool, timeout)| (tool.clone(), millis(*timeout))).collect(),
        max_in_flight: run.max_in_flight,
        max_connections: run.max_connections,
        ..Column::default()
    };
    for (slot, value) in &run.personal {
        let personal = Personal { required: value.required, description: value.description.clone() };
        match slot {
            Slot::Env(name) => column.personal_env.insert(name.clone(), personal),
            Slot::Header(name) => column.personal_headers.insert(name.clone(), personal),
            // Arguments have no names that a member could know them by.
            Slot::Arg(_) => None,
        };
    }
    serde_json::to_string(&column).unwrap_or_else(|_| "{}".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use orch_domain::run_settings::{Isolation, PersonalValue, RunSettings};
    use orch_domain::secret::Slot;

    use super::{read, write};

    #[test]
    fn settings_come_back_as_they_went_in() {
        assert_eq!(write(&RunSettings::default()), "{}");
        let personal = PersonalValue { required: true, description: "your token".to_owned() };
        let run = RunSettings {
            isolation: Isolation::PerSession,
            always_on: true,
            idle_stop: Some(Duration::from_millis(1500)),
            tool_timeouts: [("slow".to_owned(), Duration::from_secs(300))].into(),
            max_in_flight: Some(3),
            max_connections: Some(7),
            personal: [
                (Slot::Env("TOKEN".to_owned()), personal),
                (Slot::Header("x-key".to_owned()), PersonalValue::default()),
            ]
            .into(),
        };
        assert_eq!(read(&write(&run)), Ok(run));
        assert!(read(r#"{"isolation":"per_planet"}"#).is_err());
    }
}
