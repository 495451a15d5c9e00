//! What a server's processes may see and reach, as its profile says. Applies nothing.

use crate::words::words;

/// A server's profile. The lists mean nothing while it is off, and are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sandbox {
    pub mode: SandboxMode,
    /// Paths that may be read besides the system's; `~` is the daemon's home directory.
    pub read_paths: Vec<String>,
    /// Paths that may be read and written besides the working directory.
    pub write_paths: Vec<String>,
    pub network: NetworkAccess,
}

words! {
    #[derive(Default)]
    SandboxMode {
        /// The process sees what the daemon's user sees.
        #[default]
        Off = "off",
        /// All of the profile holds, or the server does not start.
        On = "on",
        /// As much of the profile holds as the kernel can.
        BestEffort = "best_effort",
    }
}

/// What the instance asks of the profiles of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SandboxRule {
    /// Each server as its profile says.
    #[default]
    Optional,
    /// No server is started unless all of a profile holds.
    Required,
}

impl SandboxRule {
    /// Whether a server with this mode may be started.
    #[must_use]
    pub const fn allows(self, mode: SandboxMode) -> bool {
        match self {
            Self::Optional => true,
            Self::Required => matches!(mode, SandboxMode::On),
        }
    }

    /// The mode of a new server that says nothing about it.
    #[must_use]
    pub const fn usual(self) -> SandboxMode {
        match self {
            Self::Optional => SandboxMode::Off,
            Self::Required => SandboxMode::On,
        }
    }
}

/// Where connections may go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum NetworkAccess {
    #[default]
    Full,
    /// Nowhere, except for sockets of this machine that have a path.
    None,
    /// To these TCP ports, and to port 53 for names. No UDP, and nothing is listened on.
    Ports(Vec<u16>),
}

#[cfg(test)]
mod tests {
    use super::{SandboxMode, SandboxRule};

    #[test]
    fn only_a_whole_sandbox_is_one_where_it_is_required() {
        for mode in SandboxMode::ALL {
            assert!(SandboxRule::Optional.allows(mode));
            assert_eq!(SandboxRule::Required.allows(mode), mode == SandboxMode::On, "{mode:?}");
        }
        for rule in [SandboxRule::Optional, SandboxRule::Required] {
            assert!(rule.allows(rule.usual()), "{rule:?}");
        }
        assert_eq!(SandboxRule::Optional.usual(), SandboxMode::default());
    }
}
