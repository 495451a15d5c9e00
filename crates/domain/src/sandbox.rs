//! What a server's processes may see and reach, as its profile says. Applies nothing.

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SandboxMode {
    /// The process sees what the daemon's user sees.
    #[default]
    Off,
    /// All of the profile holds, or the server does not start.
    On,
    /// As much of the profile holds as the kernel can.
    BestEffort,
}

impl SandboxMode {
    pub const ALL: [Self; 3] = [Self::Off, Self::On, Self::BestEffort];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::BestEffort => "best_effort",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
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
