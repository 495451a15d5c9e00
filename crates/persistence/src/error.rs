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
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// To try again is of no use.
    #[error("the database {database} is damaged: restore a backup of it, as docs/how-to/back-up.md says")]
    Damaged {
        database: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It has a step of the schema that this version does not know.
    #[error(
        "the database {database} was written by a newer version of this program (its schema has the step {step}); use \
         that version, or restore a backup of before into another database"
    )]
    Newer { database: String, step: String },
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
