//! What a family of processes uses, counted from `/proc`. Signals nobody.

use std::{fs, time::Duration};

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
        let mut usage =
            Usage { cpu_ticks: Stat::read(getpid()).map_or(0, |stat| stat.reaped_ticks), ..Usage::default() };
        let mut files_reached = false;
        for pid in descendants::all() {
            usage.processes += 1;
            usage.memory_bytes += memory(pid);
            usage.cpu_ticks += Stat::read(pid).map_or(0, |stat| stat.own_ticks + stat.reaped_ticks);
            if let (Some(limit), false) = (self.limits.open_files, self.reached_files) {
                files_reached |= open_files(pid) >= limit;
            }
        }
        // What idles is looked at less often.
        let idle = usage.processes <= self.last.processes
            && usage.cpu_ticks == self.last.cpu_ticks
            && usage.memory_bytes <= self.last.memory_bytes;
        self.pause = if idle { (self.pause * 2).min(LATE) } else { SOON };
        self.last = usage;
        if let Some(kind) = self.exceeded(usage).or_else(|| refused_by(groups)) {
            return Finding::Over(kind);
        }
        if files_reached {
            self.reached_files = true;
            return Finding::FilesReached;
        }
        Finding::Within
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

/// Memory that is a process's alone: what is resident, without what it shares.
fn memory(pid: Pid) -> u64 {
    let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
    let text = fs::read_to_string(format!("/proc/{}/statm", pid.as_raw_nonzero())).unwrap_or_default();
    let mut fields = text.split_whitespace().skip(1).map(|field| field.parse::<u64>().unwrap_or(0));
    let (resident, shared) = (fields.next().unwrap_or(0), fields.next().unwrap_or(0));
    resident.saturating_sub(shared).saturating_mul(page)
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
    use super::Stat;

    #[test]
    fn reads_times_behind_a_hostile_name() {
        let stat = Stat::parse("12 (a) S 1) R 34 56 56 0 -1 4 5 6 7 8 10 20 30 40 20 0 1 0 99").unwrap();
        assert_eq!((stat.own_ticks, stat.reaped_ticks), (30, 70));
    }
}
