//! From sea-orm's errors to the domain's. The one place that knows which is which.

use orch_domain::error::StoreError;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// For statements that no constraint can refuse.
pub(crate) fn unavailable(doing: &'static str) -> impl Fn(DbErr) -> StoreError {
    move |source| StoreError::Unavailable { doing, source: Box::new(source) }
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
