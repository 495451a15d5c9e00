//! How a server is run, as it is sent and shown.

use std::collections::BTreeMap;
use std::time::Duration;

use orch_control::servers::run_patch::RunPatch;
use orch_domain::run_settings::{Isolation, PersonalValue, RunSettings};
use orch_domain::secret::Slot;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Schema, Type};

use crate::api_error::ApiError;

/// How the server is run. Null stands for the instance's own setting.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    /// Who shares a process or connection.
    isolation: IsolationView,
    /// Runs without being asked, and is started again after every failure.
    always_on: bool,
    /// Seconds without use after which it is stopped.
    #[schema(required = true)]
    idle_stop: Option<f64>,
    /// Seconds that calls of single tools may take.
    tool_timeouts: BTreeMap<String, f64>,
    /// Calls at the same time; more get a busy error.
    #[schema(required = true)]
    max_in_flight: Option<u32>,
    /// Processes or connections of single principals or sessions at the same time.
    #[schema(required = true)]
    max_connections: Option<u32>,
    /// Variables of which each member has an own value.
    personal_env: BTreeMap<String, PersonalValueView>,
    /// Headers of which each member has an own value.
    personal_headers: BTreeMap<String, PersonalValueView>,
}

/// Who shares a process or connection of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Isolation)]
pub enum IsolationView {
    Shared,
    /// All that one account, or one API key of it, does.
    PerPrincipal,
    /// One session of one client.
    PerSession,
}

/// A value that each member brings along.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PersonalValue)]
pub struct PersonalValueView {
    /// Without an own value a call fails; otherwise the project's own value is used, if there is one.
    #[serde(default = "yes")]
    #[schema(default = true)]
    required: bool,
    /// What it is and where a member gets it.
    #[serde(default)]
    description: String,
}

const fn yes() -> bool {
    true
}

/// Fields that are left out stay as they are; null takes the instance's own setting again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateRunRequest {
    /// Who shares a process or connection.
    isolation: Option<IsolationView>,
    /// Whether it runs without being asked, and is started again after every failure.
    always_on: Option<bool>,
    /// Seconds without use after which it is stopped: 1 to 604800.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<f64>, minimum = 1, maximum = 604800)]
    idle_stop: Option<Option<f64>>,
    /// Single tools: seconds set a time, null removes it, the others stay.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Option<f64>>>)]
    tool_timeouts: BTreeMap<String, Option<f64>>,
    /// Calls at the same time; more get a busy error.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 65536)]
    max_in_flight: Option<Option<u32>>,
    /// Processes or connections of single principals or sessions at the same time.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10000)]
    max_connections: Option<Option<u32>>,
    /// Single variables of a stdio server: null makes one the project's again, the others stay.
    #[serde(default)]
    #[schema(schema_with = personal_values)]
    personal_env: BTreeMap<String, Option<PersonalValueView>>,
    /// Single headers of a remote server, like the variables.
    #[serde(default)]
    #[schema(schema_with = personal_values)]
    personal_headers: BTreeMap<String, Option<PersonalValueView>>,
}

/// Values by name, and null for one that is taken away.
fn personal_values() -> Object {
    let value = OneOfBuilder::new()
        .item(Ref::from_schema_name("PersonalValue"))
        .item(ObjectBuilder::new().schema_type(Type::Null));
    ObjectBuilder::new()
        .description(Some("By name: null makes one the project's again, and those that are not named stay."))
        .additional_properties(Some(Schema::from(value)))
        .build()
}

/// Tells null from absent.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl UpdateRunRequest {
    pub(super) fn into_patch(self) -> Result<RunPatch, ApiError> {
        let idle_stop = match self.idle_stop {
            None => None,
            Some(None) => Some(None),
            Some(Some(idle)) => Some(Some(seconds("run.idle_stop", idle)?)),
        };
        let mut tool_timeouts = BTreeMap::new();
        for (tool, timeout) in self.tool_timeouts {
            let timeout = timeout.map(|timeout| seconds(&format!("run.tool_timeouts.{tool}"), timeout)).transpose()?;
            tool_timeouts.insert(tool, timeout);
        }
        Ok(RunPatch {
            isolation: self.isolation.map(Isolation::from),
            always_on: self.always_on,
            idle_stop,
            tool_timeouts,
            max_in_flight: self.max_in_flight,
            max_connections: self.max_connections,
            personal_env: personal(self.personal_env),
            personal_headers: personal(self.personal_headers),
        })
    }
}

fn personal(values: BTreeMap<String, Option<PersonalValueView>>) -> BTreeMap<String, Option<PersonalValue>> {
    let value = |view: PersonalValueView| PersonalValue { required: view.required, description: view.description };
    values.into_iter().map(|(name, view)| (name, view.map(value))).collect()
}

/// Milliseconds are fine enough; what does not fit is refused by the rules for servers.
fn seconds(field: &str, seconds: f64) -> Result<Duration, ApiError> {
    let duration = Duration::try_from_secs_f64(seconds)
        .map_err(|_| ApiError::invalid(field, "it is out of range", "write seconds"))?;
    Ok(Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
}

impl From<RunSettings> for RunView {
    fn from(run: RunSettings) -> Self {
        let (mut personal_env, mut personal_headers) = (BTreeMap::new(), BTreeMap::new());
        for (slot, value) in run.personal {
            let view = PersonalValueView { required: value.required, description: value.description };
            match slot {
                Slot::Env(name) => personal_env.insert(name, view),
                Slot::Header(name) => personal_headers.insert(name, view),
                Slot::Arg(_) => None,
            };
        }
        Self {
            isolation: run.isolation.into(),
            always_on: run.always_on,
            idle_stop: run.idle_stop.map(|idle| idle.as_secs_f64()),
            tool_timeouts: run.tool_timeouts.into_iter().map(|(tool, time)| (tool, time.as_secs_f64())).collect(),
            max_in_flight: run.max_in_flight,
            max_connections: run.max_connections,
            personal_env,
            personal_headers,
        }
    }
}

impl From<Isolation> for IsolationView {
    fn from(isolation: Isolation) -> Self {
        match isolation {
            Isolation::Shared => Self::Shared,
            Isolation::PerPrincipal => Self::PerPrincipal,
            Isolation::PerSession => Self::PerSession,
        }
    }
}

impl From<IsolationView> for Isolation {
    fn from(isolation: IsolationView) -> Self {
        match isolation {
            IsolationView::Shared => Self::Shared,
            IsolationView::PerPrincipal => Self::PerPrincipal,
            IsolationView::PerSession => Self::PerSession,
        }
    }
}
