//! Owns the names of what is measured side by side. Never measures.

use clap::ValueEnum;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Row {
    DirectHttp,
    Nginx,
    DaemonHttp,
    DirectStdio,
    DaemonStdio,
    /// A client of revision 2026-07-28, without a session.
    DaemonModern,
    /// A client of HTTP+SSE.
    DaemonSse,
}

impl Row {
    pub(crate) const ALL: [Self; 7] = [
        Self::DirectHttp,
        Self::Nginx,
        Self::DaemonHttp,
        Self::DirectStdio,
        Self::DaemonStdio,
        Self::DaemonModern,
        Self::DaemonSse,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::DirectHttp => "direct, http",
            Self::Nginx => "nginx, http",
            Self::DaemonHttp => "daemon, http",
            Self::DirectStdio => "direct, stdio",
            Self::DaemonStdio => "daemon, stdio",
            Self::DaemonModern => "daemon, modern",
            Self::DaemonSse => "daemon, sse",
        }
    }

    /// The row with nothing in between and the same dialect, if one is measured.
    pub(crate) fn direct(self) -> Option<Self> {
        match self {
            Self::DirectHttp | Self::Nginx | Self::DaemonHttp => Some(Self::DirectHttp),
            Self::DirectStdio | Self::DaemonStdio => Some(Self::DirectStdio),
            Self::DaemonModern | Self::DaemonSse => None,
        }
    }

    pub(crate) fn needs_daemon(self) -> bool {
        matches!(self, Self::DaemonHttp | Self::DaemonStdio | Self::DaemonModern | Self::DaemonSse)
    }
}
