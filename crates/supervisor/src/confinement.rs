//! What one process may use, see and reach. Plain values: the launch mode applies them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a command and all that it starts may use; None is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessLimits {
    /// Of all processes together.
    pub memory_bytes: Option<u64>,
    /// Of all processes together, from the start of the command.
    pub cpu_seconds: Option<u64>,
    /// Of each process.
    pub open_files: Option<u64>,
    /// At a time.
    pub processes: Option<u64>,
}

/// A kind of limit that ends a command which goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    Memory,
    CpuTime,
    Processes,
}

/// What a command sees and reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxProfile {
    /// As much as the kernel can, instead of all or nothing.
    pub best_effort: bool,
    /// May be read besides the system's; a leading `~` is the home directory.
    pub read_paths: Vec<PathBuf>,
    /// May be read and written besides the working directory.
    pub write_paths: Vec<PathBuf>,
    pub network: SandboxNetwork,
}

/// Where connections may go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SandboxNetwork {
    #[default]
    Full,
    None,
    /// To these TCP ports and to port 53.
    Ports(Vec<u16>),
}

/// All that the launch mode has to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confinement {
    pub(crate) limits: ProcessLimits,
    pub(crate) sandbox: Option<SandboxProfile>,
    /// No sandbox shows these.
    pub(crate) hidden: Vec<PathBuf>,
    /// The daemon's home directory, where keys could be put that others of its user read.
    pub(crate) home: Option<PathBuf>,
    /// A directory of its own, removed when the process is gone: for temporary files in a sandbox, and the working
    /// directory of what is told no other.
    pub(crate) scratch: Option<PathBuf>,
    /// Control groups that the command joins, of whatever version.
    pub(crate) groups: Vec<PathBuf>,
    /// The one of them that can be killed as a whole.
    pub(crate) kill_group: Option<PathBuf>,
    pub(crate) daemon: DaemonIds,
}

/// What signals to the daemon are sent to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DaemonIds {
    pub(crate) pid: i32,
    pub(crate) group: i32,
}

impl DaemonIds {
    /// If this process is the daemon.
    pub(crate) fn own() -> Self {
        use rustix::process::{getpgrp, getpid};
        Self { pid: getpid().as_raw_nonzero().get(), group: getpgrp().as_raw_nonzero().get() }
    }
}

/// Why a sandbox cannot be made as its profile says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SandboxFault {
    /// The kernel has no Landlock, or it is switched off.
    NoLandlock,
    /// The kernel's Landlock lets files be truncated.
    OldLandlock,
    /// The kernel's Landlock knows no ports.
    NoPorts,
    /// The kernel takes no filter of system calls.
    NoFilter,
    /// A listed path is not there or closed to us.
    Missing(Listed),
    /// A listed path is what is to be hidden, or has it below.
    Exposes(Listed),
    /// What is opened cannot be judged, because its name cannot be read.
    NoProc,
    /// Another failure, with its error number.
    Failed(i32),
}

/// A path of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    Read(u16),
    Write(u16),
    WorkingDirectory,
    /// The directory for temporary files.
    Scratch,
}

impl SandboxFault {
    /// As a number: the kind above, the rest below.
    pub(crate) fn to_number(self) -> i32 {
        let listed = |kind: i32, listed| match listed {
            Listed::Read(index) => kind | i32::from(index),
            Listed::Write(index) => kind | 0x1_0000 | i32::from(index),
            Listed::WorkingDirectory => kind | 0x2_0000,
            Listed::Scratch => kind | 0x3_0000,
        };
        match self {
            Self::NoLandlock => 0x10_0000,
            Self::OldLandlock => 0x20_0000,
            Self::NoPorts => 0x30_0000,
            Self::NoFilter => 0x40_0000,
            Self::Missing(which) => listed(0x50_0000, which),
            Self::Exposes(which) => listed(0x60_0000, which),
            Self::Failed(errno) => 0x70_0000 | (errno & 0xf_ffff),
            Self::NoProc => 0x80_0000,
        }
    }

    pub(crate) fn from_number(number: i32) -> Self {
        let index = u16::try_from(number & 0xffff).unwrap_or(u16::MAX);
        let listed = match (number >> 16) & 0xf {
            0 => Listed::Read(index),
            1 => Listed::Write(index),
            2 => Listed::WorkingDirectory,
            _ => Listed::Scratch,
        };
        match number >> 20 {
            1 => Self::NoLandlock,
            2 => Self::OldLandlock,
            3 => Self::NoPorts,
            4 => Self::NoFilter,
            5 => Self::Missing(listed),
            6 => Self::Exposes(listed),
            8 => Self::NoProc,
            _ => Self::Failed(number & 0xf_ffff),
        }
    }

    /// In words, with what can be done about the profile.
    pub(crate) fn explain(self, profile: &SandboxProfile, cwd: Option<&PathBuf>) -> String {
        let cause = self.cause(profile, cwd);
        match self {
            Self::NoLandlock | Self::OldLandlock | Self::NoFilter => {
                format!("{cause}; set the mode to best_effort, or off")
            }
            Self::NoPorts => format!("{cause}; use network full or none, or set the mode to best_effort, or off"),
            Self::Missing(_) | Self::Exposes(_) | Self::Failed(_) | Self::NoProc => cause,
        }
    }

    /// In words.
    pub(crate) fn cause(self, profile: &SandboxProfile, cwd: Option<&PathBuf>) -> String {
        let name = |listed| {
            let (path, otherwise) = match listed {
                Listed::Read(index) => (profile.read_paths.get(usize::from(index)), "a path to read"),
                Listed::Write(index) => (profile.write_paths.get(usize::from(index)), "a path to write"),
                Listed::WorkingDirectory => (cwd, "the working directory"),
                Listed::Scratch => (None, "the directory for temporary files (TMPDIR of the daemon)"),
            };
            path.map_or_else(|| otherwise.to_owned(), |path| path.display().to_string())
        };
        match self {
            Self::NoLandlock => {
                "this kernel has no Landlock (Linux 6.2, with landlock among its security modules)".to_owned()
            }
            Self::OldLandlock => {
                "this kernel's Landlock is too old to protect files from being cut (Linux 6.2)".to_owned()
            }
            Self::NoPorts => "this kernel cannot restrict ports (Linux 6.7)".to_owned(),
            Self::NoFilter => "this kernel takes no filter of system calls (seccomp)".to_owned(),
            Self::Missing(listed) => format!("{} is not there, or closed to the daemon", name(listed)),
            Self::Exposes(listed) => format!(
                "{} is or has below it what no sandbox shows, be it there yet or not (the daemon's data directory, its \
                 settings and its .env file, or keys in the home directory); name a directory further down",
                name(listed)
            ),
            Self::Failed(errno) => std::io::Error::from_raw_os_error(errno).to_string(),
            Self::NoProc => "what a sandbox opens cannot be judged without /proc; mount it".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, SandboxFault};

    #[test]
    fn faults_come_back_as_they_went() {
        for fault in [
            SandboxFault::NoLandlock,
            SandboxFault::OldLandlock,
            SandboxFault::NoPorts,
            SandboxFault::NoFilter,
            SandboxFault::Missing(Listed::Read(3)),
            SandboxFault::Missing(Listed::Write(65535)),
            SandboxFault::Exposes(Listed::WorkingDirectory),
            SandboxFault::Exposes(Listed::Scratch),
            SandboxFault::Failed(13),
            SandboxFault::NoProc,
        ] {
            assert_eq!(SandboxFault::from_number(fault.to_number()), fault);
        }
    }
}
