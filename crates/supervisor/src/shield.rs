//! Keeps this process's memory and environment from other processes of the same user. Protects no files.

use std::io;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// From here on nobody but root reads this process's memory and environment, and it leaves no core dump. The servers
/// that it starts run as the same user, and would otherwise find its secrets under `/proc`.
pub fn hide_memory() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}
