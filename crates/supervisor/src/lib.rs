//! Child processes: starts them clean, watches them, keeps what they print on standard error, and
//! leaves none behind. Knows nothing about what the processes say to us on standard output.
//!
//! A command is never started by the daemon directly. The daemon starts its own binary again in
//! [launch mode](launch_mode), the *keeper*, and the keeper starts the command:
//!
//! ```text
//! daemon ──control socket──> keeper (own session and group, child subreaper)
//!    │                          └─ the command ─ whatever it starts
//!    └──── stdin, stdout, stderr: pipes straight to the command, the keeper copies nothing
//! ```
//!
//! When the daemon goes, however it goes, the control socket closes and the keeper ends everything
//! below it. When the keeper goes, the daemon sees it and ends the keeper's group.

pub mod launch_mode;

mod clock;
mod config;
mod environment;
mod error;
mod launcher;
mod log;
mod process;
mod shield;
mod signal;
mod spec;
mod wire;

pub use clock::Clock;
pub use config::{LogLimits, SupervisorConfig};
pub use error::LaunchError;
pub use launcher::{Launcher, local::LocalLauncher};
pub use log::{
    ProcessLog,
    follower::Follower,
    line::{LogLine, LogStream},
    redact::Redactor,
};
pub use process::{
    Process,
    exit::ExitReason,
    scripted::{ProcessScript, Request},
};
pub use shield::hide_memory;
pub use spec::ProcessSpec;
