//! Child processes: starts them clean, watches them, keeps what they print on standard error, and
//! leaves none behind. Knows nothing about what the processes say to us on standard output.
//!
//! A command is never started by the daemon directly. The daemon starts its own binary again in
//! [launch mode](launch_mode): the *warden*, which starts the *keeper*, which starts the *gate*, which takes
//! limits and sandbox upon itself and becomes the command:
//!
//! ```text
//! daemon ─── warden (own session and group, child subreaper)
//!    │  └─control socket─> keeper (child subreaper)
//!    │                        └─ the command, once the gate ─ whatever it starts
//!    └──── stdin, stdout, stderr: pipes straight to the command, the keeper copies nothing
//! ```
//!
//! When the daemon goes, however it goes, the control socket closes and the keeper ends everything
//! below it. When the keeper goes, the warden does, and when the warden goes, the keeper: whichever of the three is
//! killed, or two of them at once, the rest ends what was started. When all three are, the kernel ends the command.

pub mod launch_mode;

mod clock;
mod config;
mod confinement;
mod environment;
mod error;
mod hidden;
mod identity;
mod launcher;
mod log;
mod process;
mod shield;
mod signal;
mod spec;
mod wire;

pub use clock::Clock;
pub use config::{LogDisk, LogLimits, SupervisorConfig};
pub use confinement::{LimitKind, ProcessLimits, SandboxNetwork, SandboxProfile};
pub use error::LaunchError;
pub use identity::{may_write, may_write_in, user_id};
pub use launch_mode::can_sandbox;
pub use launcher::{Launcher, local::LocalLauncher};
pub use log::{
    ProcessLog,
    follower::Follower,
    line::{LogLine, LogStream},
    redact::Redactor,
    store::{LogFilter, LogStore, Writing},
};
pub use process::{
    Process,
    exit::ExitReason,
    scripted::{ProcessScript, Request},
    unread,
};
pub use shield::hide_memory;
pub use spec::ProcessSpec;
