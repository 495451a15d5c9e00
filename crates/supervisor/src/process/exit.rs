//! How a process ended, as a value and in words.

use std::fmt;

use crate::{confinement::LimitKind, signal};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// It exited with this code.
    Code(i32),
    /// A signal ended it; SIGTERM of a stop among them, our own SIGKILL not.
    Signal(i32),
    /// We ended it with SIGKILL.
    Killed,
    /// It went over a limit of its own, and was ended for that.
    OverLimit {
        /// Which one.
        kind: LimitKind,
        /// In bytes, seconds or processes.
        limit: u64,
    },
    /// Its keeper was ended by somebody else, and what became of the command is not known. The
    /// keeper's group was killed.
    Lost,
}

impl ExitReason {
    /// Whether it exited with code 0.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with code {code}"),
            Self::Signal(number) => match signal::name(*number) {
                Some(name) => write!(f, "ended by signal {number} ({name})"),
                None => write!(f, "ended by signal {number}"),
            },
            Self::Killed => f.write_str("killed"),
            Self::OverLimit { kind: LimitKind::Memory, limit } => {
                write!(f, "ended for using more memory than its limit of {} MiB", limit / (1024 * 1024))
            }
            Self::OverLimit { kind: LimitKind::CpuTime, limit } => {
                write!(f, "ended for using more processor time than its limit of {limit} s")
            }
            Self::OverLimit { kind: LimitKind::Processes, limit } => {
                write!(f, "ended for starting more processes than its limit of {limit}")
            }
            Self::Lost => f.write_str("lost: its keeper was ended from outside"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExitReason;
    use crate::confinement::LimitKind;

    #[test]
    fn reads_well() {
        let check = |reason: ExitReason, expected| assert_eq!(reason.to_string(), expected);
        check(ExitReason::Code(3), "exited with code 3");
        check(ExitReason::Signal(11), "ended by signal 11 (SIGSEGV)");
        check(ExitReason::Signal(40), "ended by signal 40");
        check(ExitReason::Killed, "killed");
        let over = |kind, limit| ExitReason::OverLimit { kind, limit };
        check(over(LimitKind::Memory, 64 << 20), "ended for using more memory than its limit of 64 MiB");
        check(over(LimitKind::CpuTime, 5), "ended for using more processor time than its limit of 5 s");
        check(over(LimitKind::Processes, 9), "ended for starting more processes than its limit of 9");
    }
}
