//! The rows of a SQLite copy as the text that `COPY` of PostgreSQL reads. The schema is the same on both, so only values
//! are written in other words.

use std::fmt::Write as _;
use std::path::Path;

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row, TypeInfo, ValueRef};

use super::{BackupError, TableCopy, quoted, sqlite_file};

/// A copy of SQLite that is read.
pub(super) struct SqliteRows(SqliteConnection);

/// How PostgreSQL keeps a column, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    Other,
}

/// About this much goes to PostgreSQL at once.
pub(super) const CHUNK: usize = 64 * 1024;

impl SqliteRows {
    /// Leaves the file as it is, and puts nothing beside it: it is part of a backup.
    pub(super) async fn open(dir: &Path) -> Result<Self, BackupError> {
        let options = SqliteConnectOptions::new().filename(sqlite_file(dir)).read_only(true).immutable(true);
        let opened = SqliteConnection::connect_with(&options).await;
        opened.map(Self).map_err(BackupError::database("opening the copy"))
    }

    /// Gives all rows of a table to `take`, in chunks of whole lines. One kind for each column.
    pub(super) async fn of(
        &mut self,
        table: &TableCopy,
        kinds: &[Kind],
        mut take: impl AsyncFnMut(Vec<u8>) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let failed = || BackupError::database(format!("reading the table {} of the copy", table.name));
        let columns = table.columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
        let select = format!("SELECT {columns} FROM {}", quoted(&table.name));
        let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(&mut self.0);
        let mut chunk = String::new();
        while let Some(row) = rows.try_next().await.map_err(failed())? {
            write_line(&mut chunk, &row, kinds).map_err(failed())?;
            if chunk.len() >= CHUNK {
                take(std::mem::take(&mut chunk).into_bytes()).await?;
            }
        }
        take(chunk.into_bytes()).await
    }
}

fn write_line(line: &mut String, row: &SqliteRow, kinds: &[Kind]) -> Result<(), sqlx::Error> {
    for (place, kind) in kinds.iter().enumerate() {
        if place > 0 {
            line.push('\t');
        }
        let value = row.try_get_raw(place)?;
        let stored = if value.is_null() { "NULL".to_owned() } else { value.type_info().name().to_owned() };
        match stored.as_str() {
            "NULL" => line.push_str("\\N"),
            "BLOB" => {
                // Ids are bytes in SQLite, and PostgreSQL takes their digits.
                if *kind == Kind::Bytes {
                    line.push_str("\\\\x");
                }
                for byte in row.try_get_unchecked::<&[u8], _>(place)? {
                    let _ = write!(line, "{byte:02x}");
                }
            }
            "INTEGER" | "BOOLEAN" => {
                let _ = write!(line, "{}", row.try_get_unchecked::<i64, _>(place)?);
            }
            "REAL" => {
                let _ = write!(line, "{}", row.try_get_unchecked::<f64, _>(place)?);
            }
            _ => escape(line, row.try_get_unchecked::<&str, _>(place)?),
        }
    }
    line.push('\n');
    Ok(())
}

fn escape(line: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            c => line.push(c),
        }
    }
}
