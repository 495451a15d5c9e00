//! The mark of errors that are about what was given: a setting, or a file or directory that was named. Decides nothing
//! by it; a command line gives another exit code for them.

use std::error::Error;
use std::fmt;

/// What was given cannot be used. Says all that the error in it says.
#[derive(Debug)]
pub struct Unusable(anyhow::Error);

/// Marks an error so.
pub fn unusable(error: impl Into<anyhow::Error>) -> anyhow::Error {
    anyhow::Error::new(Unusable(error.into()))
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl Error for Unusable {}
