//! What the instance asks of all servers.

use orch_domain::sandbox::SandboxRule;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    pub sandbox: SandboxSetting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxSetting {
    /// Each server over stdio runs as its own profile says.
    #[default]
    Optional,
    /// No server over stdio runs unless all of a profile holds.
    Required,
}

impl SandboxSetting {
    pub(crate) const fn rule(self) -> SandboxRule {
        match self {
            Self::Optional => SandboxRule::Optional,
            Self::Required => SandboxRule::Required,
        }
    }
}
