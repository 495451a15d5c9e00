//! What a family of processes uses, counted from `/proc`. Signals nobody.

use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, getpid};

use super::descendants;
use crate::confinement::{LimitKind, ProcessLimits};

/// The next look comes so soon when much changes, and so late when nothing does.
const SOON: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_secs(1);

/// Watches a family against its limits.
pub(super) struct Watch {
    limits: ProcessLimits,
    last: Usage,
    pause: Duration,
    reached_files: bool,
}

/// What was found.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
struct Usage {
    processes: u64,
    memory_bytes: u64,
    cpu_ticks: u64,
}

/// What a look tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Within,
    /// A process has as many files open as it may.
    FilesReached,
    Over(LimitKind),
}

impl Watch {
    /// None when nothing is limited that has to be watched.
    pub(super) fn new(limits: ProcessLimits) -> Option<Self> {
        let watched = [limits.memory_bytes, limits.cpu_seconds, limits.processes, limits.open_files];
        let any = watched.iter().any(Option::is_some);
        any.then(|| Self { limits, last: Usage::default(), pause: SOON, reached_files: false })
    }

    /// How long to wait before the next look.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    pub(super) fn look(&mut self, groups: &[std::path::PathBuf]) -> Finding {
        // First, as it is known at once even when so much runs that looking through all of it takes long.
        if let Some(kind) = refused_by(groups) {
            return Finding::Over(kind);
        }
        let mut usage =
            Usage { cpu_ticks: Stat::read(getpid()).map_or(0, |stat| stat.reaped_ticks), ..Usage::default() };
        let mut files_reached = false;
        let mut memories = Vec::new();
        // One more than there may be is as bad as any number.
        let most = self.limits.processes.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        for pid in descendants::all(most) {
            usage.processes += 1;
            memories.push((pid, Memory::read(pid)));
            usage.cpu_ticks += Stat::read(pid).map_or(0, |stat| stat.own_ticks + stat.reaped_ticks);
            if let (Some(limit), false) = (self.limits.open_files, self.reached_files) {
                files_reached |= open_files(pid) >= limit;
            }
        }
        usage.memory_bytes = self.memory(&memories);
        // What idles is looked at less often.
        let idle = usage.processes <= self.last.processes
            && usage.cpu_ticks == self.last.cpu_ticks
            && usage.memory_bytes <= self.last.memory_bytes;
        self.pause = if idle { (self.pause * 2).min(LATE) } else { SOON };
        self.last = usage;
        if let Some(kind) = self.exceeded(usage) {
            return Finding::Over(kind);
        }
        if files_reached {
            self.reached_files = true;
            return Finding::FilesReached;
        }
        Finding::Within
    }

    /// Of all of them. What several share is counted for each, and only once if it comes to that.
    fn memory(&self, memories: &[(Pid, Memory)]) -> u64 {
        let own: u64 = memories.iter().map(|(_, memory)| memory.own_bytes).sum();
        let shared: u64 = memories.iter().map(|(_, memory)| memory.shared_bytes).sum();
        let most = own.saturating_add(shared);
        if shared == 0 || self.limits.memory_bytes.is_none_or(|limit| most <= limit) {
            return most;
        }
        let fair = |(pid, memory): &(Pid, Memory)| fair_share(*pid).unwrap_or(memory.shared_bytes);
        own.saturating_add(memories.iter().map(fair).sum())
    }

    fn exceeded(&self, usage: Usage) -> Option<LimitKind> {
        let ticks = rustix::param::clock_ticks_per_second();
        let over = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used > limit);
        if over(self.limits.processes, usage.processes) {
            Some(LimitKind::Processes)
        } else if over(self.limits.memory_bytes, usage.memory_bytes) {
            Some(LimitKind::Memory)
        } else if over(self.limits.cpu_seconds.map(|seconds| seconds.saturating_mul(ticks)), usage.cpu_ticks) {
            Some(LimitKind::CpuTime)
        } else {
            None
        }
    }
}

/// What a control group has already refused.
pub(super) fn refused_by(groups: &[std::path::PathBuf]) -> Option<LimitKind> {
    let count = |group: &std::path::Path, file: &str, name: &str| {
        let text = fs::read_to_string(group.join(file)).unwrap_or_default();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        value.unwrap_or(0)
    };
    groups.iter().find_map(|group| {
        if count(group, "pids.events", "max ") > 0 {
            Some(LimitKind::Processes)
        } else if count(group, "memory.events", "oom_kill ") > 0 || count(group, "memory.oom_control", "oom_kill ") > 0
        {
            Some(LimitKind::Memory)
        } else {
            None
        }
    })
}

/// What a process keeps in memory that is no file's: its own, and what it shares with others.
#[derive(Debug, Default, PartialEq, Eq)]
struct Memory {
    own_bytes: u64,
    /// Of memory without a file: mapped as shared, in `/dev/shm`, or behind a descriptor. Each process that has touched
    /// it has it whole.
    shared_bytes: u64,
}

impl Memory {
    fn read(pid: Pid) -> Self {
        let path = format!("/proc/{}/status", pid.as_raw_nonzero());
        Self::parse(&fs::read_to_string(path).unwrap_or_default())
    }

    fn parse(status: &str) -> Self {
        Self { own_bytes: kib(status, "RssAnon:"), shared_bytes: kib(status, "RssShmem:") }
    }
}

/// What a process shares, divided by the number of those who share it; None when that is not to be known. Costs the
/// kernel a walk through all of it.
fn fair_share(pid: Pid) -> Option<u64> {
    let path = format!("/proc/{}/smaps_rollup", pid.as_raw_nonzero());
    match fs::read_to_string(path) {
        // Kernels before 5.9 do not tell it.
        Ok(text) => text.contains("Pss_Shmem:").then(|| kib(&text, "Pss_Shmem:")),
        // It has ended since it was looked at, and shares nothing any more.
        Err(error) if error.kind() == ErrorKind::NotFound => Some(0),
        Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Some(0),
        Err(_) => None,
    }
}

/// `Name:   12 kB`
fn kib(text: &str, name: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<u64>().ok());
    value.unwrap_or(0).saturating_mul(1024)
}

fn open_files(pid: Pid) -> u64 {
    let path = format!("/proc/{}/fd", pid.as_raw_nonzero());
    fs::read_dir(path).map_or(0, |entries| u64::try_from(entries.count()).unwrap_or(u64::MAX))
}

/// Processor time of a process, and of those that it has taken away.
struct Stat {
    own_ticks: u64,
    reaped_ticks: u64,
}

impl Stat {
    fn read(pid: Pid) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
    }

    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        // utime is the 14th field, and the state, the first after the name, the third.
        let mut ticks = rest.split_whitespace().skip(11).map(|field| field.parse::<u64>().unwrap_or(0));
        let mut next = || ticks.next();
        Some(Self { own_ticks: next()? + next()?, reaped_ticks: next()? + next()? })
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Pid, getpid};

    use super::{Memory, Stat, fair_share};

    #[test]
    fn reads_what_is_a_process_s_own_and_what_it_shares() {
        let status = "Name:\tx\nVmRSS:\t  900 kB\nRssAnon:\t  100 kB\nRssFile:\t  500 kB\nRssShmem:\t  300 kB\n";
        assert_eq!(Memory::parse(status), Memory { own_bytes: 100 * 1024, shared_bytes: 300 * 1024 });
        assert_eq!(Memory::parse("nothing"), Memory::default());
        assert!(Memory::read(getpid()).own_bytes > 0);
        let shared = Memory::read(getpid()).shared_bytes;
        assert!(fair_share(getpid()).is_none_or(|fair| fair <= shared.saturating_add(1 << 20)));
    }

    #[test]
    fn what_has_ended_shares_nothing() {
        // More than the kernel has.
        let nobody = Pid::from_raw(i32::MAX).expect("positive");
        assert_eq!(fair_share(nobody), Some(0));
    }

    #[test]
    fn reads_times_behind_a_hostile_name() {
        let stat = Stat::parse("12 (a) S 1) R 34 56 56 0 -1 4 5 6 7 8 10 20 30 40 20 0 1 0 99").unwrap();
        assert_eq!((stat.own_ticks, stat.reaped_ticks), (30, 70));
    }
}
