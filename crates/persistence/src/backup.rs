//! Copies of the whole database as it is at one moment, while it is worked on, and their way back into an empty one.
//! SQLite is copied as a file, PostgreSQL table by table as text; both fill an empty PostgreSQL. Knows no key and copies
//! none.

mod across;
mod postgres;
mod sqlite;

use std::path::{Path, PathBuf};

use crate::database::connect::Backend;
use crate::database::{Database, DatabaseKind};

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseCopy {
    pub kind: DatabaseKind,
    /// Steps of the schema that the copy has.
    pub steps: Vec<String>,
    pub tables: Vec<TableCopy>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableCopy {
    pub name: String,
    pub columns: Vec<String>,
    pub rows: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("the database cannot be copied: failed while {doing}")]
    Database {
        doing: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{} cannot be {doing}", path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the target is not empty: {what}")]
    NotEmpty { what: String },
    /// Whoever that is may have been cut off, and the server has yet to notice.
    #[error("what is in the target cannot be told while another process makes tables there: try again in a moment")]
    Held,
    #[error("the backup cannot be used: {reason}")]
    Unusable { reason: String },
}

impl BackupError {
    pub(crate) fn database<E>(doing: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let doing = doing.into();
        move |source| Self::Database { doing, source: Box::new(source) }
    }

    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }
}

impl Database {
    /// Copies everything into `dir`, which is there and empty.
    pub async fn copy_to(&self, dir: &Path) -> Result<DatabaseCopy, BackupError> {
        match self.backend() {
            Backend::SqliteFile(_) | Backend::SqliteMemory => sqlite::copy_to(self, dir).await,
            Backend::Postgres(pool) => postgres::copy_to(self, pool, dir).await,
        }
    }

    /// Fills this PostgreSQL database, in which there is nothing yet, from a copy of either kind.
    pub async fn fill_from(&self, dir: &Path, copy: &DatabaseCopy) -> Result<(), BackupError> {
        match self.backend() {
            Backend::Postgres(pool) => postgres::fill_from(self, pool, dir, copy).await,
            Backend::SqliteFile(_) | Backend::SqliteMemory => {
                Err(BackupError::Unusable { reason: "a copy of PostgreSQL does not go into SQLite".to_owned() })
            }
        }
    }

    /// The first table of this PostgreSQL database; None when there is nothing in it, nor will be by who fills it now.
    pub async fn first_table(&self) -> Result<Option<String>, BackupError> {
        match self.backend() {
            Backend::Postgres(pool) => postgres::first_table(self, pool).await,
            Backend::SqliteFile(_) | Backend::SqliteMemory => {
                Err(BackupError::Unusable { reason: "SQLite is looked at as a file".to_owned() })
            }
        }
    }

    /// Reads the whole file and all indexes of a SQLite database for damage; PostgreSQL has looked while it was filled.
    pub async fn check_integrity(&self) -> Result<(), BackupError> {
        match self.kind() {
            DatabaseKind::Sqlite => sqlite::check(self).await,
            DatabaseKind::Postgres => Ok(()),
        }
    }

    /// How many rows each table of a copy has here.
    pub async fn count_rows(&self, copy: &DatabaseCopy) -> Result<Vec<(String, u64)>, BackupError> {
        let mut counts = Vec::new();
        for table in &copy.tables {
            counts.push((table.name.clone(), sqlite::count(self, &table.name).await?));
        }
        Ok(counts)
    }
}

/// The file of a SQLite copy in a backup.
#[must_use]
pub fn sqlite_file(dir: &Path) -> PathBuf {
    dir.join("database.sqlite")
}

/// A name as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
