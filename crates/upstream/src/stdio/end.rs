//! How a connection to a child came to its end, as a value and in words. Ends nothing itself.

use std::fmt;

use orch_supervisor::ExitReason;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The process is gone.
    Exited(ExitReason),
    /// Its output ended, and it did not.
    OutputClosed,
    /// It does not take what we write.
    InputClosed,
    LineTooLong {
        limit: usize,
    },
    /// The pipe could not be read.
    Broken(std::io::ErrorKind),
    /// The server's event stream came to its end.
    StreamEnded,
    /// The connection of the server's event stream was lost.
    StreamLost,
    /// We wanted it.
    Closed,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(reason) => write!(f, "the server {}", Past(*reason)),
            Self::OutputClosed => f.write_str("the server closed its standard output"),
            Self::InputClosed => f.write_str("the server closed its standard input"),
            Self::LineTooLong { limit } => write!(f, "the server wrote a line of more than {limit} bytes"),
            Self::Broken(kind) => write!(f, "the server's standard output cannot be read: {kind}"),
            Self::StreamEnded => f.write_str("the server ended its stream"),
            Self::StreamLost => f.write_str("the connection to the server was lost"),
            Self::Closed => f.write_str("the connection to the server was closed"),
        }
    }
}

/// Reads well after a subject.
pub(crate) struct Past(pub(crate) ExitReason);

impl fmt::Display for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ExitReason::Code(_) => write!(f, "{}", self.0),
            ExitReason::Signal(_) | ExitReason::Killed | ExitReason::OverLimit { .. } | ExitReason::Lost => {
                write!(f, "was {}", self.0)
            }
        }
    }
}
