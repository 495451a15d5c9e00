//! What can go wrong behind a port.

/// A failure of the store. Absence is not one: `find` gives None.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database is not available while {doing}")]
    Unavailable {
        doing: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
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

/// What to say when `of`, such as `project demo` and `team core`, would be left without an active admin.
#[must_use]
pub fn keeps_an_admin(of: &[String]) -> String {
    format!("the last active admin of {} stays: make somebody else an admin there first", of.join(", "))
}
