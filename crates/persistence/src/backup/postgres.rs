//! A PostgreSQL database as one text file a table, by `COPY`: no other program is needed, and the version of the
//! server does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use orch_migrations::Migrator;
use sea_orm::TransactionTrait;
use sea_orm_migration::MigratorTrait;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{AssertSqlSafe, Connection, Row};

use super::across::{Kind, SqliteRows};
use super::{BackupError, DatabaseCopy, TableCopy, quoted};
use crate::database::{Database, DatabaseKind};

/// Made by the migrations themselves.
const MIGRATIONS: &str = "seaql_migrations";

pub(super) async fn copy_to(database: &Database, pool: &PgPool, dir: &Path) -> Result<DatabaseCopy, BackupError> {
    let failed = || BackupError::database("beginning to read");
    let mut connection = pool.acquire().await.map_err(failed())?;
    // One snapshot for all tables.
    let mut txn = connection.begin().await.map_err(failed())?;
    let snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
    sqlx::query(snapshot).execute(&mut *txn).await.map_err(failed())?;
    let steps = names(&mut txn, "SELECT version FROM seaql_migrations ORDER BY version").await?;
    let mut tables = Vec::new();
    for name in tables_of(&mut txn).await? {
        let columns = columns_of(&mut txn, &name).await?;
        let rows = copy_out(&mut txn, &name, &columns, dir).await?;
        tables.push(TableCopy { name, columns, rows });
    }
    txn.rollback().await.map_err(BackupError::database("ending the read"))?;
    Ok(DatabaseCopy { kind: database.kind(), steps, tables })
}

async fn copy_out(txn: &mut PgConnection, name: &str, columns: &[String], dir: &Path) -> Result<u64, BackupError> {
    let failed = || BackupError::database(format!("reading the table {name}"));
    let path = table_file(dir, name);
    let file = File::options().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = BufWriter::new(file.map_err(BackupError::file("made", &path))?);
    let copy = format!("COPY {} ({}) TO STDOUT", quoted(name), list(columns));
    let mut rows = 0;
    {
        let mut lines = txn.copy_out_raw(&copy).await.map_err(failed())?;
        while let Some(chunk) = lines.try_next().await.map_err(failed())? {
            // In the text format only the end of a row is a line feed; one within a value is written as \n.
            rows += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
            file.write_all(&chunk).map_err(BackupError::file("written", &path))?;
        }
    }
    file.into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .and_then(|file| file.sync_all())
        .map_err(BackupError::file("written", &path))?;
    Ok(rows)
}

/// Brings the schema to where the copy's was, fills it, and leaves it at that: the next start brings it further.
pub(super) async fn fill_from(
    database: &Database,
    pool: &PgPool,
    dir: &Path,
    copy: &DatabaseCopy,
) -> Result<(), BackupError> {
    let failed = || BackupError::database("looking at the target");
    let mut connection = pool.acquire().await.map_err(failed())?;
    let there = tables_of(&mut connection).await?;
    if let Some(first) = there.first() {
        return Err(BackupError::NotEmpty { what: format!("the database has the table {first}") });
    }
    let known: Vec<_> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    if known.get(..copy.steps.len()) != Some(copy.steps.as_slice()) {
        let reason = "its schema is of another version than this program; restore it with the version that made it";
        return Err(BackupError::Unusable { reason: reason.to_owned() });
    }
    let txn = database.writer().begin().await.map_err(BackupError::database("making the schema"))?;
    let steps = u32::try_from(copy.steps.len()).unwrap_or(u32::MAX);
    Migrator::up(&txn, Some(steps)).await.map_err(BackupError::database("making the schema"))?;
    txn.commit().await.map_err(BackupError::database("making the schema"))?;

    let mut source = match copy.kind {
        DatabaseKind::Postgres => Source::Files(dir),
        DatabaseKind::Sqlite => Source::Sqlite(SqliteRows::open(dir).await?),
    };
    let failed = || BackupError::database("filling the tables");
    let mut txn = connection.begin().await.map_err(failed())?;
    let copied: BTreeMap<_, _> = copy.tables.iter().map(|table| (table.name.as_str(), table)).collect();
    for name in in_order_of_references(&mut txn).await? {
        let Some(table) = copied.get(name.as_str()).filter(|table| table.name != MIGRATIONS) else { continue };
        // Rows that a step has put there are in the copy as well.
        let clear = format!("DELETE FROM {}", quoted(&name));
        sqlx::query(AssertSqlSafe(clear)).execute(&mut *txn).await.map_err(failed())?;
        copy_in(&mut txn, table, &mut source).await?;
        for column in serial_columns(&mut txn, &name).await? {
            let set = format!(
                "SELECT setval(pg_get_serial_sequence('{}', '{column}'), COALESCE(MAX({}), 0) + 1, false) FROM {}",
                quoted(&name),
                quoted(&column),
                quoted(&name)
            );
            sqlx::query(AssertSqlSafe(set)).execute(&mut *txn).await.map_err(failed())?;
        }
    }
    txn.commit().await.map_err(failed())
}

/// Where the rows come from.
enum Source<'a> {
    /// One file a table, as `COPY` wrote it.
    Files(&'a Path),
    Sqlite(SqliteRows),
}

async fn copy_in(txn: &mut PgConnection, table: &TableCopy, source: &mut Source<'_>) -> Result<(), BackupError> {
    let failed = || BackupError::database(format!("filling the table {}", table.name));
    let kinds = kinds_of(txn, table).await?;
    let copy = format!("COPY {} ({}) FROM STDIN", quoted(&table.name), list(&table.columns));
    let mut into = txn.copy_in_raw(&copy).await.map_err(failed())?;
    match source {
        Source::Files(dir) => {
            let path = table_file(dir, &table.name);
            let file = tokio::fs::File::open(&path).await.map_err(BackupError::file("read", &path))?;
            into.read_from(file).await.map_err(failed())?;
        }
        Source::Sqlite(rows) => {
            let send = async |lines: Vec<u8>| into.send(lines).await.map(|_| ()).map_err(failed());
            rows.of(table, &kinds, send).await?;
        }
    }
    let rows = into.finish().await.map_err(failed())?;
    if rows == table.rows {
        return Ok(());
    }
    let reason = format!("the table {} had {} rows, and {rows} came", table.name, table.rows);
    Err(BackupError::Unusable { reason })
}

async fn tables_of(connection: &mut PgConnection) -> Result<Vec<String>, BackupError> {
    names(connection, "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1").await
}

async fn columns_of(connection: &mut PgConnection, table: &str) -> Result<Vec<String>, BackupError> {
    let columns = format!(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND \
         table_name = '{}' AND is_generated = 'NEVER' ORDER BY ordinal_position",
        table.replace('\'', "''")
    );
    names(connection, &columns).await
}

/// How each column of a copied table is kept here.
async fn kinds_of(connection: &mut PgConnection, table: &TableCopy) -> Result<Vec<Kind>, BackupError> {
    let bytes = format!(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND \
         table_name = '{}' AND udt_name = 'bytea'",
        table.name.replace('\'', "''")
    );
    let bytes = names(connection, &bytes).await?;
    Ok(table.columns.iter().map(|column| if bytes.contains(column) { Kind::Bytes } else { Kind::Other }).collect())
}

async fn serial_columns(connection: &mut PgConnection, table: &str) -> Result<Vec<String>, BackupError> {
    let columns = format!(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND \
         table_name = '{}' AND (column_default LIKE 'nextval(%' OR is_identity = 'YES') ORDER BY ordinal_position",
        table.replace('\'', "''")
    );
    names(connection, &columns).await
}

/// All tables, each after those that it refers to.
async fn in_order_of_references(connection: &mut PgConnection) -> Result<Vec<String>, BackupError> {
    let select = "SELECT c.relname::text, f.relname::text FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
                  JOIN pg_class f ON f.oid = k.confrelid WHERE k.contype = 'f' AND c.oid <> f.oid AND \
                  k.connamespace = current_schema()::regnamespace";
    let failed = || BackupError::database("reading which table refers to which");
    let mut waits: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for table in tables_of(connection).await? {
        waits.entry(table).or_default();
    }
    for row in sqlx::query(select).fetch_all(&mut *connection).await.map_err(failed())? {
        let (table, to): (String, String) = (row.try_get(0).map_err(failed())?, row.try_get(1).map_err(failed())?);
        waits.entry(table).or_default().insert(to);
    }
    let mut ordered = Vec::new();
    while !waits.is_empty() {
        let ready: Vec<_> = waits
            .iter()
            .filter(|(_, to)| to.iter().all(|to| ordered.contains(to)))
            .map(|(table, _)| table.clone())
            .collect();
        if ready.is_empty() {
            return Err(BackupError::Unusable { reason: "its tables refer to each other in a circle".to_owned() });
        }
        for table in ready {
            waits.remove(&table);
            ordered.push(table);
        }
    }
    Ok(ordered)
}

async fn names(connection: &mut PgConnection, sql: &str) -> Result<Vec<String>, BackupError> {
    let failed = || BackupError::database("reading what is in it");
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await.map_err(failed())?;
    rows.iter().map(|row| row.try_get(0).map_err(failed())).collect()
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
}

fn table_file(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.copy"))
}
