//! How a process ended, as a value and in words.

use std::fmt;

use crate::signal;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// It exited with this code.
    Code(i32),
    /// A signal ended it; SIGTERM of a stop among them, our own SIGKILL not.
    Signal(i32),
    /// We ended it with SIGKILL.
    Killed,
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
            Self::Lost => f.write_str("lost: its keeper was ended from outside"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExitReason;

    #[test]
    fn reads_well() {
        let check = |reason: ExitReason, expected| assert_eq!(reason.to_string(), expected);
        check(ExitReason::Code(3), "exited with code 3");
        check(ExitReason::Signal(11), "ended by signal 11 (SIGSEGV)");
        check(ExitReason::Signal(40), "ended by signal 40");
        check(ExitReason::Killed, "killed");
    }
}
