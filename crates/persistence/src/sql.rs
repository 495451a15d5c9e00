//! Statements in SQL that both databases read the same: `$1` for values, and no dialect where it can be helped.

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult, Statement, Value};

use crate::chain::Hash;

pub(crate) fn statement(conn: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, values)
}

/// `($1, $2), ($3, $4)` for two rows of two columns; on SQLite without the numbers, which cost it a search each.
pub(crate) fn rows(backend: DatabaseBackend, rows: usize, columns: usize) -> String {
    let mut sql = String::new();
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                sql.push_str(", ");
            }
            if backend == DatabaseBackend::Postgres {
                sql.push('$');
                sql.push_str(&(row * columns + column + 1).to_string());
            } else {
                sql.push('?');
            }
        }
        sql.push(')');
    }
    sql
}

pub(crate) fn hash(row: &QueryResult, column: &str) -> Result<Hash, DbErr> {
    let bytes: Vec<u8> = row.try_get("", column)?;
    bytes.try_into().map_err(|_| unreadable(column))
}

pub(crate) fn unreadable(column: &str) -> DbErr {
    DbErr::Type(format!("{column} holds what no version has written"))
}

/// A part of a text as LIKE takes it; the escape character is a backslash.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern.replace('\0', "\u{fffd}")
}
