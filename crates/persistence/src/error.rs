//! What can go wrong while the database or the journal is opened. Failures behind a port are
//! [`StoreError`](orch_domain::error::StoreError). Never holds a password.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum PersistenceError {
    /// The text itself is left out: it may hold a password.
    #[error("the database URL cannot be used: {reason}")]
    Url { reason: String },
    #[error("the database file {} cannot be {doing}", path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the database {database} cannot be reached")]
    Connect {
        database: String,
        #[source]
        source: sea_orm::DbErr,
    },
    #[error("the database cannot be migrated: failed while {doing}")]
    Migrate {
        doing: &'static str,
        #[source]
        source: sea_orm::DbErr,
    },
    #[error("changes cannot be followed: failed while {doing}")]
    Follow {
        doing: &'static str,
        #[source]
        source: sea_orm::DbErr,
    },
    #[error("the journal at {} failed while {doing}", path.display())]
    Journal {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The journal was shut down before everything was in the database.
    #[error("the journal ended with {records} records not in the database yet")]
    NotDrained { records: u64 },
}
