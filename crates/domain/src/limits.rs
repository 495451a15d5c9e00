//! What the processes of a server may use: per server, with defaults and maxima of the instance. Enforces nothing.

/// One kind of limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Memory of a process and all that it has started, in MiB.
    Memory,
    /// Processor time of a process and all that it has started, in seconds from its start.
    CpuTime,
    /// Open files of each process.
    OpenFiles,
    /// Processes at a time, the first one counted.
    Processes,
    /// A message, in KiB: of a process, a line of standard output.
    Line,
    /// What is kept of the log, in KiB.
    Log,
}

impl Limit {
    pub const ALL: [Self; 6] = [Self::Memory, Self::CpuTime, Self::OpenFiles, Self::Processes, Self::Line, Self::Log];

    /// The name on every wire, with its unit.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory_mib",
            Self::CpuTime => "cpu_seconds",
            Self::OpenFiles => "open_files",
            Self::Processes => "processes",
            Self::Line => "line_kib",
            Self::Log => "log_kib",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.name() == name)
    }

    /// Whether it only means something for a process of ours.
    #[must_use]
    pub const fn needs_a_process(self) -> bool {
        match self {
            Self::Memory | Self::CpuTime | Self::OpenFiles | Self::Processes => true,
            Self::Line | Self::Log => false,
        }
    }

    /// With less than this no program gets anywhere.
    #[must_use]
    pub const fn smallest(self) -> u32 {
        match self {
            Self::Memory => 16,
            Self::OpenFiles | Self::Log => 16,
            Self::CpuTime | Self::Processes | Self::Line => 1,
        }
    }
}

/// Limits in their units; None is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessLimits([Option<u32>; 6]);

impl ProcessLimits {
    #[must_use]
    pub const fn get(&self, limit: Limit) -> Option<u32> {
        let [memory, cpu, files, processes, line, log] = self.0;
        match limit {
            Limit::Memory => memory,
            Limit::CpuTime => cpu,
            Limit::OpenFiles => files,
            Limit::Processes => processes,
            Limit::Line => line,
            Limit::Log => log,
        }
    }

    #[must_use]
    pub fn with(mut self, limit: Limit, value: Option<u32>) -> Self {
        let [memory, cpu, files, processes, line, log] = &mut self.0;
        *match limit {
            Limit::Memory => memory,
            Limit::CpuTime => cpu,
            Limit::OpenFiles => files,
            Limit::Processes => processes,
            Limit::Line => line,
            Limit::Log => log,
        } = value;
        self
    }

    /// Those that are set.
    pub fn set(&self) -> impl Iterator<Item = (Limit, u32)> {
        Limit::ALL.into_iter().filter_map(|limit| Some((limit, self.get(limit)?)))
    }
}

/// What the instance says about limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitRules {
    /// For what a server does not set.
    pub defaults: ProcessLimits,
    /// What no server gets more of.
    pub maxima: ProcessLimits,
}

/// A limit that is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfRange {
    pub limit: Limit,
    pub smallest: u32,
    pub largest: Option<u32>,
}

impl LimitRules {
    /// What holds for a server with these limits of its own. A maximum holds where nothing is set, too.
    #[must_use]
    pub fn effective(&self, own: &ProcessLimits) -> ProcessLimits {
        Limit::ALL.into_iter().fold(ProcessLimits::default(), |limits, limit| {
            let wanted = own.get(limit).or(self.defaults.get(limit));
            let value = match (wanted, self.maxima.get(limit)) {
                (Some(wanted), Some(largest)) => Some(wanted.min(largest)),
                (wanted, largest) => wanted.or(largest),
            };
            limits.with(limit, value)
        })
    }

    /// The first limit that a server may not have.
    #[must_use]
    pub fn check(&self, own: &ProcessLimits) -> Option<OutOfRange> {
        own.set().find_map(|(limit, value)| {
            let (smallest, largest) = (limit.smallest(), self.maxima.get(limit));
            let fits = value >= smallest && largest.is_none_or(|largest| value <= largest);
            (!fits).then_some(OutOfRange { limit, smallest, largest })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Limit, LimitRules, OutOfRange, ProcessLimits};

    fn of(limit: Limit, value: u32) -> ProcessLimits {
        ProcessLimits::default().with(limit, Some(value))
    }

    #[test]
    fn names_come_back_as_limits() {
        for limit in Limit::ALL {
            assert_eq!(Limit::named(limit.name()), Some(limit));
            assert_eq!(of(limit, 77).set().collect::<Vec<_>>(), [(limit, 77)]);
        }
        assert_eq!(Limit::named("memory"), None);
    }

    #[test]
    fn own_value_then_default_and_never_above_the_maximum() {
        let rules = LimitRules { defaults: of(Limit::Memory, 512), maxima: of(Limit::Memory, 1024) };
        let check = |own: Option<u32>, expected| {
            let own = ProcessLimits::default().with(Limit::Memory, own);
            assert_eq!(rules.effective(&own).get(Limit::Memory), Some(expected));
        };
        check(None, 512);
        check(Some(100), 100);
        check(Some(2000), 1024);
        assert_eq!(rules.effective(&ProcessLimits::default()).get(Limit::Processes), None);
        let only_maximum = LimitRules { maxima: of(Limit::Processes, 9), ..LimitRules::default() };
        assert_eq!(only_maximum.effective(&ProcessLimits::default()).get(Limit::Processes), Some(9));
    }

    #[test]
    fn refuses_too_little_and_too_much() {
        let rules = LimitRules { maxima: of(Limit::Memory, 1024), ..LimitRules::default() };
        assert_eq!(rules.check(&of(Limit::Memory, 1024)), None);
        let refused = Some(OutOfRange { limit: Limit::Memory, smallest: 16, largest: Some(1024) });
        assert_eq!(rules.check(&of(Limit::Memory, 1025)), refused);
        assert_eq!(rules.check(&of(Limit::Memory, 15)), refused);
        assert!(rules.check(&of(Limit::CpuTime, 0)).is_some());
        assert_eq!(rules.check(&of(Limit::CpuTime, u32::MAX)), None);
    }
}
