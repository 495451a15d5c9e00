//! Upstream MCP servers of a project, as configured. What runs is in [`crate::server_state`].

use std::time::Duration;

use crate::Timestamp;
use crate::alias::Alias;
use crate::dialect::Dialect;
use crate::id::{ProjectId, ServerId};
use crate::limits::ProcessLimits;
use crate::run_settings::RunSettings;
use crate::sandbox::Sandbox;
use crate::secret::{Secret, Slot};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub id: ServerId,
    pub project_id: ProjectId,
    /// Unique in the project.
    pub alias: Alias,
    /// The name an import gave or an admin chose; shown, never used to find anything.
    pub name: String,
    pub enabled: bool,
    pub transport: Transport,
    /// Every argument, environment value and header value, sealed.
    pub secrets: Vec<Secret>,
    /// How long a call may take before it is cancelled.
    pub call_timeout: Duration,
    pub dialect: Dialect,
    pub run: RunSettings,
    /// Of each of its processes, where they differ from the instance's.
    pub limits: ProcessLimits,
    pub sandbox: Sandbox,
    /// Members of an imported configuration that we do not interpret, as the text of a JSON object; exported again.
    pub extra: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Counts the changes; what an `ETag` is made of.
    pub version: u32,
    /// Goes up whenever running processes and connections must be replaced: on a change of what is launched or
    /// dialled, and on a restart that somebody asked for.
    pub generation: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    Stdio {
        command: String,
        cwd: Option<String>,
    },
    StreamableHttp {
        url: String,
    },
    /// HTTP+SSE of revision 2024-11-05.
    Sse {
        url: String,
    },
}

impl Transport {
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Stdio { .. } => "stdio",
            Self::StreamableHttp { .. } => "streamable-http",
            Self::Sse { .. } => "sse",
        }
    }
}

impl Server {
    pub const DEFAULT_CALL_TIMEOUT: Duration = Duration::from_secs(30);

    /// How long this call may take: a tool may have a time of its own.
    #[must_use]
    pub fn patience(&self, tool: &str) -> Duration {
        self.run.tool_timeouts.get(tool).copied().unwrap_or(self.call_timeout)
    }

    /// The secrets of the argument list in order.
    pub fn args(&self) -> impl Iterator<Item = &Secret> {
        let mut args: Vec<_> = self
            .secrets
            .iter()
            .filter_map(|secret| match secret.slot {
                Slot::Arg(position) => Some((position, secret)),
                Slot::Env(_) | Slot::Header(_) => None,
            })
            .collect();
        args.sort_by_key(|(position, _)| *position);
        args.into_iter().map(|(_, secret)| secret)
    }
}
