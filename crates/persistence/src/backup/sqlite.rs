//! A SQLite database as a file: `VACUUM INTO` writes a whole and tidy one while others read and write.

use std::path::Path;

use sea_orm::{ConnectionTrait, Statement};

use super::{BackupError, DatabaseCopy, TableCopy, quoted, sqlite_file};
use crate::config::DatabaseConfig;
use crate::database::url::DatabaseUrl;
use crate::database::{Database, DatabaseKind};

pub(super) async fn copy_to(database: &Database, dir: &Path) -> Result<DatabaseCopy, BackupError> {
    let file = sqlite_file(dir);
    let place = file.to_str().ok_or_else(|| BackupError::Unusable { reason: "its path is no text".to_owned() })?;
    let vacuum = format!("VACUUM INTO '{}'", place.replace('\'', "''"));
    let failed = || BackupError::database("copying the file");
    database.writer().execute_unprepared(&vacuum).await.map_err(failed())?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, mode).map_err(BackupError::file("made private", &file))?;
    // What is told is read from the copy: the original goes on.
    let copied = Database::connect(&DatabaseConfig::new(DatabaseUrl::sqlite_file(&file)))
        .await
        .map_err(BackupError::database("opening the copy"))?;
    let told = tell(&copied).await;
    let checked = check(&copied).await;
    copied.close().await;
    checked.and(told)
}

async fn tell(copied: &Database) -> Result<DatabaseCopy, BackupError> {
    let steps = copied.migration_status().await.map_err(BackupError::database("reading the schema of the copy"))?;
    let steps = steps.into_iter().filter(|step| step.applied).map(|step| step.name).collect();
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut tables = Vec::new();
    for name in texts(copied.reader(), names).await? {
        let columns = format!("SELECT name FROM pragma_table_info('{}')", name.replace('\'', "''"));
        let columns = texts(copied.reader(), &columns).await?;
        let rows = count(copied, &name).await?;
        tables.push(TableCopy { name, columns, rows });
    }
    Ok(DatabaseCopy { kind: DatabaseKind::Sqlite, steps, tables })
}

pub(super) async fn check(database: &Database) -> Result<(), BackupError> {
    let found = texts(database.reader(), "PRAGMA integrity_check").await?;
    if found == ["ok"] {
        return Ok(());
    }
    Err(BackupError::Unusable { reason: format!("SQLite finds it damaged: {}", found.join("; ")) })
}

/// How many rows a table has; on either database.
pub(super) async fn count(database: &Database, table: &str) -> Result<u64, BackupError> {
    let conn = database.reader();
    let count = format!("SELECT COUNT(*) AS rows FROM {}", quoted(table));
    let failed = || BackupError::database(format!("counting the rows of {table}"));
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), count)).await.map_err(failed())?;
    let rows: i64 = match row {
        Some(row) => row.try_get("", "rows").map_err(failed())?,
        None => 0,
    };
    Ok(rows.unsigned_abs())
}

/// The first column of every row.
async fn texts(conn: &impl ConnectionTrait, sql: &str) -> Result<Vec<String>, BackupError> {
    let failed = || BackupError::database("reading what is in it");
    let rows = conn.query_all_raw(Statement::from_string(conn.get_database_backend(), sql)).await.map_err(failed())?;
    rows.iter().map(|row| row.try_get_by_index(0).map_err(failed())).collect()
}
