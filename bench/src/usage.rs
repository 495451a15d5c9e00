//! Owns what `/proc` says about a process: its memory, its processor time, what it started;
//! and how busy the machine is.
//! Never stops one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// `/proc` counts in ticks of this length on every platform that Linux still runs Rust on.
const TICK: Duration = Duration::from_millis(10);

/// Resident memory in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("read memory use")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()).context("no VmRSS")?;
    number.parse().context("read VmRSS")
}

/// Processor time used so far by these processes; one that ended counts nothing.
pub(crate) fn processor_time(pids: &[u32]) -> Duration {
    let ticks = pids.iter().filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        ticks(&stat)
    });
    TICK * u32::try_from(ticks.sum::<u64>()).unwrap_or(u32::MAX)
}

/// How many threads wanted to run on this machine in the last minute, on average.
pub(crate) fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// What a process started, and what that started: a daemon's server may be the child of a process that guards it.
pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(children(pid));
        next += 1;
    }
    found
}

fn children(pid: u32) -> Vec<u32> {
    // Each thread lists the children that it started itself.
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.flat_map(|thread| children_of_thread(&thread.path())).collect()
}

fn children_of_thread(thread: &Path) -> Vec<u32> {
    let text = fs::read_to_string(thread.join("children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// User and system ticks: the 14th and 15th field. The second is a name that may hold spaces.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::Stdio;

    use super::{descendants, resident_kib, ticks};
    use crate::child;

    #[test]
    fn finds_the_ticks_after_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 50 6 7 8 20 0 1 0 9";
        assert_eq!(ticks(stat), Some(56));
    }

    #[test]
    fn finds_what_a_child_started() {
        // A shell that waits for another program, which says that it runs and ends with its input.
        let mut shell = child::command("sh")
            .args(["-c", "cat; true"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = shell.stdin.take().unwrap();
        input.write_all(b"x").unwrap();
        shell.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        assert_eq!(descendants(shell.id()).len(), 1);
        assert!(descendants(std::process::id()).len() >= 2);
        drop(input);
        assert!(shell.wait().unwrap().success());
    }

    #[test]
    fn weighs_this_process() {
        assert!(resident_kib(std::process::id()).is_ok_and(|kib| kib > 100));
    }
}
