//! The member `x-orchestrator` of a server in a file: how it is run. Ours alone; other clients leave it be.

use std::collections::BTreeMap;
use std::time::Duration;

use orch_domain::run_settings::{Isolation, PersonalValue, RunSettings};
use orch_domain::secret::Slot;
use serde_json::{Map, Value, json};

use crate::servers::run_patch::RunPatch;

/// The name of the member.
pub(crate) const MEMBER: &str = "x-orchestrator";

/// What the member says; an error names the part that is not understood, and what to write.
pub(super) fn read(member: &Value) -> Result<RunPatch, (String, &'static str)> {
    let Value::Object(members) = member else {
        return Err((String::new(), "write an object"));
    };
    let mut run = RunPatch::default();
    for (name, value) in members {
        let wrong = |hint: &'static str| (name.clone(), hint);
        match name.as_str() {
            "isolation" => {
                let isolation = value.as_str().and_then(Isolation::parse);
                let hint = r#"write "shared", "per_principal" or "per_session""#;
                run.isolation = Some(isolation.ok_or_else(|| wrong(hint))?);
            }
            "alwaysOn" => run.always_on = Some(value.as_bool().ok_or_else(|| wrong("write true or false"))?),
            "idleStop" => run.idle_stop = Some(Some(seconds(value).ok_or_else(|| wrong("write seconds"))?)),
            "maxInFlight" => run.max_in_flight = Some(Some(count(value).ok_or_else(|| wrong("write a number"))?)),
            "maxConnections" => run.max_connections = Some(Some(count(value).ok_or_else(|| wrong("write a number"))?)),
            "toolTimeouts" => {
                let hint = r#"write seconds by tool: { "slow": 300 }"#;
                for (tool, value) in value.as_object().ok_or_else(|| wrong(hint))? {
                    let timeout = seconds(value).ok_or_else(|| wrong(hint))?;
                    run.tool_timeouts.insert(tool.clone(), Some(timeout));
                }
            }
            "personalEnv" => run.personal_env = personal(value).ok_or_else(|| wrong(PERSONAL_HINT))?,
            "personalHeaders" => run.personal_headers = personal(value).ok_or_else(|| wrong(PERSONAL_HINT))?,
            _ => return Err(wrong("leave it out: it is not known here")),
        }
    }
    Ok(run)
}

const PERSONAL_HINT: &str = r#"write { "NAME": { "required": true, "description": "..." } }"#;

fn seconds(value: &Value) -> Option<Duration> {
    let duration = Duration::try_from_secs_f64(value.as_f64()?).ok()?;
    Some(Duration::from_millis(u64::try_from(duration.as_millis()).ok()?))
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok())
}

fn personal(value: &Value) -> Option<BTreeMap<String, Option<PersonalValue>>> {
    let read = |(name, value): (&String, &Value)| {
        let members = value.as_object()?;
        let required = members.get("required").map_or(Some(true), Value::as_bool)?;
        let description = members.get("description").map_or(Some(""), Value::as_str)?.to_owned();
        let known = members.keys().all(|member| matches!(member.as_str(), "required" | "description"));
        known.then(|| (name.clone(), Some(PersonalValue { required, description })))
    };
    value.as_object()?.iter().map(read).collect()
}

/// What the member says of these settings; nothing when all of them are the usual ones.
pub(super) fn write(run: &RunSettings) -> Map<String, Value> {
    let mut member = Map::new();
    let mut put = |name: &str, value: Value| member.insert(name.to_owned(), value);
    if run.isolation != Isolation::default() {
        put("isolation", json!(run.isolation.as_str()));
    }
    if run.always_on {
        put("alwaysOn", json!(true));
    }
    if let Some(idle) = run.idle_stop {
        put("idleStop", in_seconds(idle));
    }
    if let Some(most) = run.max_in_flight {
        put("maxInFlight", json!(most));
    }
    if let Some(most) = run.max_connections {
        put("maxConnections", json!(most));
    }
    if !run.tool_timeouts.is_empty() {
        let timeouts = run.tool_timeouts.iter().map(|(tool, timeout)| (tool.clone(), in_seconds(*timeout)));
        put("toolTimeouts", Value::Object(timeouts.collect()));
    }
    let (mut env, mut headers) = (Map::new(), Map::new());
    for (slot, value) in &run.personal {
        let value = json!({ "required": value.required, "description": value.description });
        match slot {
            Slot::Env(name) => env.insert(name.clone(), value),
            Slot::Header(name) => headers.insert(name.clone(), value),
            Slot::Arg(_) => None,
        };
    }
    for (name, values) in [("personalEnv", env), ("personalHeaders", headers)] {
        if !values.is_empty() {
            put(name, Value::Object(values));
        }
    }
    member
}

/// Whole seconds without a fraction.
pub(super) fn in_seconds(duration: Duration) -> Value {
    if duration.subsec_nanos() == 0 { json!(duration.as_secs()) } else { json!(duration.as_secs_f64()) }
}
