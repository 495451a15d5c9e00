//! What can go wrong behind a port, and how a failure is told with what was behind it.

use std::error::Error;
use std::fmt;

/// A failure of the store. Absence is not one: `find` gives None.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database is not available while {doing}")]
    Unavailable {
        doing: &'static str,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// It can be read. To try again is of use once somebody has made room.
    #[error("the disk of the database is full, found while {doing}")]
    Full {
        doing: &'static str,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// To try again is of no use.
    #[error("the database file is damaged, found while {doing}: restore a backup")]
    Damaged {
        doing: &'static str,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A unique constraint refused the write.
    #[error("{what} exists already")]
    Conflict { what: &'static str },
    /// Somebody else changed the row first.
    #[error("{what} was changed in between")]
    Stale { what: &'static str },
    /// The row to be changed is gone.
    #[error("{what} does not exist")]
    Missing { what: &'static str },
    /// The write would leave projects or teams without an active admin.
    #[error("{}", keeps_an_admin(.of))]
    LastAdmin { of: Vec<String> },
    /// The write would leave the instance without an admin.
    #[error("an instance keeps at least one admin")]
    LastInstanceAdmin,
    #[error("{table}.{column} of row {row} holds what cannot be read: {reason}")]
    Corrupt { table: &'static str, column: &'static str, row: String, reason: String },
}

impl StoreError {
    /// Whether it is the database that fails, whatever it is asked, and not what was asked of it.
    #[must_use]
    pub const fn is_of_the_database(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Full { .. } | Self::Damaged { .. })
    }
}

/// An error with all that was behind it, for the log and for operators. What an error repeats of its cause is said once.
#[derive(Debug, Clone, Copy)]
pub struct WithCauses<'a>(pub &'a (dyn Error + 'a));

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !said.ends_with(&text) {
                write!(f, ": {text}")?;
                said = text;
            }
            next = cause.source();
        }
        Ok(())
    }
}

/// What to say when `of`, such as `project demo` and `team core`, would be left without an active admin.
#[must_use]
pub fn keeps_an_admin(of: &[String]) -> String {
    format!("the last active admin of {} stays: make somebody else an admin there first", of.join(", "))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{StoreError, WithCauses};

    #[derive(Debug, thiserror::Error)]
    #[error("no answer: {0}")]
    struct Repeating(#[source] io::Error);

    #[test]
    fn an_error_is_told_with_its_causes_and_none_of_them_twice() {
        let source = Box::new(Repeating(io::Error::other("the network is down")));
        let error = StoreError::Unavailable { doing: "looking", source };
        let told = WithCauses(&error).to_string();
        assert_eq!(told, "the database is not available while looking: no answer: the network is down");
        let alone = StoreError::Conflict { what: "a project" };
        assert_eq!(WithCauses(&alone).to_string(), "a project exists already");
    }
}
