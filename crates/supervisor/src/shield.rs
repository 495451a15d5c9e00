//! Keeps this process's memory and environment from other processes of the same user. Protects no files.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// From here on nobody but root reads this process's memory and environment, and it leaves no core dump. The servers
/// that it starts run as the same user, and would otherwise find its secrets under `/proc`.
///
/// The first of the two would do against core dumps: it holds for every pattern of them, also for a collector behind a
/// pipe, which the limit does not stop. The limit holds when somebody makes the process dumpable again.
pub fn hide_memory() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}
