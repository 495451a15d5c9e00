//! From sea-orm's errors to the domain's. The one place that knows which is which.

use std::error::Error;

use orch_domain::error::StoreError;
use sea_orm::{DbErr, RuntimeErr, SqlErr};
use sqlx::error::DatabaseError as _;
use sqlx::sqlite::SqliteError;

/// For statements that no constraint can refuse.
pub(crate) fn unavailable(doing: &'static str) -> impl Fn(DbErr) -> StoreError {
    move |error| {
        let ailment = Ailment::of(&error);
        told(ailment, doing, error.into())
    }
}

/// What it is to others that the database has this, or none of them.
pub(crate) fn told(ailment: Option<Ailment>, doing: &'static str, source: Box<dyn Error + Send + Sync>) -> StoreError {
    match ailment {
        Some(Ailment::Full) => StoreError::Full { doing, source },
        Some(Ailment::Damaged) => StoreError::Damaged { doing, source },
        Some(Ailment::Unwritable) | None => StoreError::Unavailable { doing, source },
    }
}

/// What is wrong with a database that still answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ailment {
    /// There is no room on its disk.
    Full,
    /// Its file is not what was written.
    Damaged,
    /// Its disk takes nothing, for another reason.
    Unwritable,
}

impl Ailment {
    pub(crate) fn of(error: &DbErr) -> Option<Self> {
        match error {
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Self::of_driver(error),
            _ => None,
        }
    }

    pub(crate) fn of_driver(error: &sqlx::Error) -> Option<Self> {
        // https://www.sqlite.org/rescode.html
        const READONLY: i64 = 8;
        const IOERR: i64 = 10;
        const CORRUPT: i64 = 11;
        const FULL: i64 = 13;
        const NOTADB: i64 = 26;
        const DISK_FULL_OF_POSTGRES: &str = "53100";
        if let Some(code) = sqlite_code(error) {
            return match code {
                FULL => Some(Self::Full),
                CORRUPT | NOTADB => Some(Self::Damaged),
                READONLY | IOERR => Some(Self::Unwritable),
                _ => None,
            };
        }
        let full = error.as_database_error()?.code()? == DISK_FULL_OF_POSTGRES;
        full.then_some(Self::Full)
    }
}

/// The primary code of an error of SQLite.
pub(crate) fn sqlite_code(error: &sqlx::Error) -> Option<i64> {
    let code = error.as_database_error()?.try_downcast_ref::<SqliteError>()?.code()?.parse::<i64>().ok()?;
    // An extended code has the primary one in its lower byte.
    Some(code & 0xff)
}

/// What it means when a constraint refuses a write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) doing: &'static str,
    /// What exists already when a unique constraint refuses.
    pub(crate) taken: &'static str,
    /// What is missing when a foreign key refuses.
    pub(crate) missing: &'static str,
}

impl Refusal {
    pub(crate) fn explain(self) -> impl Fn(DbErr) -> StoreError {
        move |error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Conflict { what: self.taken },
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => StoreError::Missing { what: self.missing },
            _ => unavailable(self.doing)(error),
        }
    }
}

/// Whether the database took offence at the values themselves, so that trying again is of no use.
pub(crate) fn is_data_error(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    match error.as_ref() {
        // Class 22 of SQLSTATE: data exceptions. SQLite takes any value.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.len() == 5 && code.starts_with("22")),
        sqlx::Error::Encode(_) => true,
        _ => false,
    }
}
