//! The ways a launch fails. A message never contains an argument or the value of a variable.

use std::{io, path::PathBuf, time::Duration};

/// Why a command was not started. When one of these is returned nothing runs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The program is neither a file nor in the `PATH` the process would have. A script whose
    /// interpreter is missing looks the same.
    #[error("program not found: {program}")]
    NotFound {
        /// As the spec names it.
        program: String,
    },

    /// The program is there and may not be executed.
    #[error("no permission to execute {program}")]
    PermissionDenied {
        /// As the spec names it.
        program: String,
    },

    /// The working directory is missing, not a directory or closed to us.
    #[error("cannot use working directory {}", cwd.display())]
    BadCwd {
        /// As the spec names it, or `~` for the home directory.
        cwd: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },

    /// The system refused to execute the program for another reason, such as a wrong format.
    #[error("cannot execute {program}")]
    CannotExecute {
        /// As the spec names it.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },

    /// The sandbox cannot be made as the profile says.
    #[error("cannot be put into its sandbox: {what}")]
    Sandbox {
        /// What is missing, and what can be done.
        what: String,
    },

    /// The spec cannot be told to an operating system.
    #[error("invalid process specification: {what}")]
    InvalidSpec {
        /// The part that is wrong, without its value.
        what: String,
    },

    /// The launcher runs as many processes as it may.
    #[error("limit of {limit} processes reached")]
    TooMany {
        /// The configured limit.
        limit: usize,
    },

    /// The launcher is being drained and starts nothing more.
    #[error("shutting down, no process is started")]
    Draining,

    /// The command did not come to its `exec` in time.
    #[error("not started within {} ms", after.as_millis())]
    Timeout {
        /// The configured limit.
        after: Duration,
    },

    /// The keeper, or a pipe to it, could not be made; says more about this machine than about
    /// the command.
    #[error("cannot prepare a process: {doing}")]
    Keeper {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
