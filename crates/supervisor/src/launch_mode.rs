//! The mode in which our own binary is the keeper of one command. Runs before anything else of the
//! daemon: no runtime, no thread, no configuration, nothing printed.

mod descendants;
mod keeper;

use std::ffi::OsStr;

/// The first argument that asks for this mode.
pub(crate) const ARGUMENT: &str = "__launch";

/// Becomes a keeper and never returns, if the first argument asks for it; otherwise does nothing.
///
/// The first statement of the `main` of every binary whose path is given to a
/// [`LocalLauncher`](crate::LocalLauncher). It must come before the first thread, so not inside
/// an `async fn main`: every launch through a keeper that has threads is refused.
///
/// The exit code is the command's own, or 128 and the signal that ended it, 126 when the command
/// could not be started and 125 when the keeper itself failed.
pub fn run_if_requested() {
    if std::env::args_os().nth(1).as_deref() == Some(OsStr::new(ARGUMENT)) {
        std::process::exit(keeper::run());
    }
}
