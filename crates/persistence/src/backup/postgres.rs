//! A PostgreSQL database as one text file a table, by `COPY`: no other program is needed, and the version of the
//! server does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::TryStreamExt;
use orch_migrations::Migrator;
use sea_orm::{DbErr, SqlxPostgresConnector};
use sea_orm_migration::MigratorTrait;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgTransaction};
use sqlx::{AssertSqlSafe, Connection, Row};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::across::{CHUNK, Kind, SqliteRows};
use super::{BackupError, DatabaseCopy, TableCopy, quoted};
use crate::database::connect::{self, MIGRATION_LOCK};
use crate::database::patient::Limit;
use crate::database::{Database, DatabaseKind, PID};

const LOOKING: &str = "looking at the target";
const WAITING: &str = "waiting for who makes tables there";
/// One moment for all tables.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// What others have committed by the time that a lock is had is seen, whatever the database has set.
const AFTER_OTHERS: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// Made by the migrations themselves.
const MIGRATIONS: &str = "seaql_migrations";

/// A connection, and how long each step over it is waited for.
struct Session<'a> {
    connection: &'a mut PgConnection,
    limit: Limit,
}

pub(super) async fn copy_to(database: &Database, pool: &PgPool, dir: &Path) -> Result<DatabaseCopy, BackupError> {
    let doing = "beginning to read";
    let mut connection = pool.acquire().await.map_err(BackupError::database(doing))?;
    let (mut txn, limit) = begin(database, &mut connection, SNAPSHOT, doing).await?;
    let mut session = Session { connection: &mut txn, limit: limit.clone() };
    let steps = names(&mut session, "SELECT version FROM seaql_migrations ORDER BY version").await?;
    let mut tables = Vec::new();
    for name in tables_of(&mut session).await? {
        let columns = columns_of(&mut session, &name).await?;
        let rows = copy_out(&mut session, &name, &columns, dir).await?;
        tables.push(TableCopy { name, columns, rows });
    }
    step(&limit, "ending the read", txn.rollback()).await?;
    Ok(DatabaseCopy { kind: database.kind(), steps, tables })
}

async fn copy_out(session: &mut Session<'_>, name: &str, columns: &[String], dir: &Path) -> Result<u64, BackupError> {
    let doing = || format!("reading the table {name}");
    let path = table_file(dir, name);
    let file = File::options().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = BufWriter::new(file.map_err(BackupError::file("made", &path))?);
    let copy = format!("COPY {} ({}) TO STDOUT", quoted(name), list(columns));
    let mut rows = 0;
    {
        let mut lines = step(&session.limit, doing(), session.connection.copy_out_raw(&copy)).await?;
        while let Some(chunk) = step(&session.limit, doing(), lines.try_next()).await? {
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

/// Waits for who fills the database, also where nobody hears of him any more: until he has committed or is undone, there is
/// no telling what is in it.
pub(super) async fn first_table(database: &Database, pool: &PgPool) -> Result<Option<String>, BackupError> {
    let mut connection = pool.acquire().await.map_err(BackupError::database(LOOKING))?;
    let (mut txn, limit) = begin(database, &mut connection, AFTER_OTHERS, LOOKING).await?;
    let patience = format!("SET LOCAL lock_timeout = {}", database.patience().as_millis());
    step(&limit, LOOKING, sqlx::query(AssertSqlSafe(patience)).execute(&mut *txn)).await?;
    let mut session = Session { connection: &mut txn, limit: limit.clone() };
    session.lock().await?;
    let first = tables_of(&mut session).await?.into_iter().next();
    step(&limit, LOOKING, txn.rollback()).await?;
    Ok(first)
}

/// Brings the schema to where the copy's was, fills it, and leaves it at that: the next start brings it further. What fails
/// leaves nothing behind, whenever that is: all of it is one transaction.
pub(super) async fn fill_from(
    database: &Database,
    pool: &PgPool,
    dir: &Path,
    copy: &DatabaseCopy,
) -> Result<(), BackupError> {
    let known: Vec<_> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    if known.get(..copy.steps.len()) != Some(copy.steps.as_slice()) {
        let reason = "its schema is of another version than this program; restore it with the version that made it";
        return Err(BackupError::Unusable { reason: reason.to_owned() });
    }
    let only = one_connection(pool);
    let filled = fill_over(database, &only, dir, copy).await;
    // Without a commit before, the server undoes what was done. What it does not take any more is not waited for.
    let _ = timeout(connect::RELEASE, only.close()).await;
    filled
}

/// A pool whose one connection stays in the transaction that it was put in, whoever takes it: steps of the schema take
/// theirs from a pool. A second one would be outside of it, so there is none.
fn one_connection(pool: &PgPool) -> PgPool {
    let is_made = Arc::new(AtomicBool::new(false));
    connect::postgres_pool(pool.options().get_acquire_timeout())
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .after_connect(move |_, _| {
            let is_lost = is_made.swap(true, Ordering::Relaxed);
            Box::pin(async move {
                if is_lost { Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()) } else { Ok(()) }
            })
        })
        .connect_lazy_with(PgConnectOptions::clone(&pool.connect_options()))
}

async fn fill_over(database: &Database, only: &PgPool, dir: &Path, copy: &DatabaseCopy) -> Result<(), BackupError> {
    let mut connection = only.acquire().await.map_err(BackupError::database(LOOKING))?;
    let (txn, limit) = begin(database, &mut connection, AFTER_OTHERS, "beginning to write").await?;
    // Forgotten, it is not rolled back with this value; transactions that steps of the schema begin are within it.
    std::mem::forget(txn);
    let mut session = Session { connection: &mut connection, limit: limit.clone() };
    session.lock().await?;
    if let Some(first) = tables_of(&mut session).await?.first() {
        return Err(BackupError::NotEmpty { what: format!("the database has the table {first}") });
    }
    drop(connection);

    let steps = u32::try_from(copy.steps.len()).unwrap_or(u32::MAX);
    let schema = SqlxPostgresConnector::from_sqlx_postgres_pool(only.clone());
    step(&limit, "making the schema", Migrator::up(&schema, Some(steps))).await?;

    let mut connection = only.acquire().await.map_err(BackupError::database("filling the tables"))?;
    let mut session = Session { connection: &mut connection, limit: limit.clone() };
    fill_tables(&mut session, dir, copy).await?;
    let committed = step(&limit, "committing", sqlx::query("COMMIT").execute(&mut *connection)).await;
    committed.map(drop)
}

async fn fill_tables(session: &mut Session<'_>, dir: &Path, copy: &DatabaseCopy) -> Result<(), BackupError> {
    let mut source = match copy.kind {
        DatabaseKind::Postgres => Source::Files(dir),
        DatabaseKind::Sqlite => Source::Sqlite(SqliteRows::open(dir).await?),
    };
    let copied: BTreeMap<_, _> = copy.tables.iter().map(|table| (table.name.as_str(), table)).collect();
    for name in in_order_of_references(session).await? {
        let Some(table) = copied.get(name.as_str()).filter(|table| table.name != MIGRATIONS) else { continue };
        // Rows that a step has put there are in the copy as well.
        session.execute(format!("DELETE FROM {}", quoted(&name))).await?;
        copy_in(session, table, &mut source).await?;
        for column in serial_columns(session, &name).await? {
            let set = format!(
                "SELECT setval(pg_get_serial_sequence('{}', '{column}'), COALESCE(MAX({}), 0) + 1, false) FROM {}",
                quoted(&name),
                quoted(&column),
                quoted(&name)
            );
            session.execute(set).await?;
        }
    }
    Ok(())
}

impl Session<'_> {
    /// Has the transaction be the only one that makes tables, to its end. A daemon that is started meanwhile waits, and finds
    /// what was restored.
    async fn lock(&mut self) -> Result<(), BackupError> {
        let lock = AssertSqlSafe(format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"));
        let locked = step(&self.limit, WAITING, sqlx::query(lock).execute(&mut *self.connection)).await;
        locked.map(drop).map_err(|error| if is_over(&error) { BackupError::Held } else { error })
    }

    async fn execute(&mut self, sql: String) -> Result<(), BackupError> {
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut *self.connection);
        step(&self.limit, "filling the tables", done).await.map(drop)
    }
}

/// A transaction, and how long each step in it is waited for: while the server works on it. The process there is asked for
/// within it, as a proxy may have another one serve what comes before.
async fn begin<'a>(
    database: &Database,
    connection: &'a mut PgConnection,
    how: &'static str,
    doing: &'static str,
) -> Result<(PgTransaction<'a>, Limit), BackupError> {
    let limit = database.reader().limit();
    let mut txn = step(limit, doing, connection.begin_with(how)).await?;
    let asked = sqlx::query(AssertSqlSafe(format!("SELECT {PID}"))).fetch_one(&mut *txn);
    let row = step(limit, doing, asked).await?;
    let limit = database.watch(row.try_get("pid").map_err(BackupError::database(doing))?);
    Ok((txn, limit))
}

/// Whether a lock was waited for in vain.
fn is_over(error: &BackupError) -> bool {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    let BackupError::Database { source, .. } = error else { return false };
    let refused = source.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
    refused.and_then(|error| error.code()).is_some_and(|code| code == LOCK_NOT_AVAILABLE)
}

/// One step over a connection.
async fn step<T, E>(
    limit: &Limit,
    doing: impl Into<String>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, BackupError>
where
    E: Error + Send + Sync + 'static,
{
    let doing = doing.into();
    match limit.wait(work).await {
        Ok(done) => done.map_err(BackupError::database(doing)),
        Err(silent) => Err(BackupError::database(doing)(DbErr::from(silent))),
    }
}

/// Where the rows come from.
enum Source<'a> {
    /// One file a table, as `COPY` wrote it.
    Files(&'a Path),
    Sqlite(SqliteRows),
}

async fn copy_in(session: &mut Session<'_>, table: &TableCopy, source: &mut Source<'_>) -> Result<(), BackupError> {
    let doing = || format!("filling the table {}", table.name);
    let kinds = kinds_of(session, table).await?;
    let copy = format!("COPY {} ({}) FROM STDIN", quoted(&table.name), list(&table.columns));
    let limit = session.limit.clone();
    let mut into = step(&limit, doing(), session.connection.copy_in_raw(&copy)).await?;
    match source {
        Source::Files(dir) => {
            let path = table_file(dir, &table.name);
            let read = || BackupError::file("read", &path);
            let mut file = tokio::fs::File::open(&path).await.map_err(read())?;
            let mut chunk = vec![0; CHUNK];
            loop {
                let read = file.read(&mut chunk).await.map_err(read())?;
                match chunk.get(..read) {
                    None | Some([]) => break,
                    Some(bytes) => step(&limit, doing(), into.send(bytes)).await?,
                };
            }
        }
        Source::Sqlite(rows) => {
            let send = async |lines: Vec<u8>| step(&limit, doing(), into.send(lines)).await.map(drop);
            rows.of(table, &kinds, send).await?;
        }
    }
    let rows = step(&limit, doing(), into.finish()).await?;
    if rows == table.rows {
        return Ok(());
    }
    let reason = format!("the table {} had {} rows, and {rows} came", table.name, table.rows);
    Err(BackupError::Unusable { reason })
}

async fn tables_of(session: &mut Session<'_>) -> Result<Vec<String>, BackupError> {
    names(session, "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1").await
}

async fn columns_of(session: &mut Session<'_>, table: &str) -> Result<Vec<String>, BackupError> {
    let columns = format!(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND \
         table_name = '{}' AND is_generated = 'NEVER' ORDER BY ordinal_position",
        table.replace('\'', "''")
    );
    names(session, &columns).await
}

/// How each column of a copied table is kept here.
async fn kinds_of(session: &mut Session<'_>, table: &TableCopy) -> Result<Vec<Kind>, BackupError> {
    let bytes = format!(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND \
         table_name = '{}' AND udt_name = 'bytea'",
        table.name.replace('\'', "''")
    );
    let bytes = names(session, &bytes).await?;
    Ok(table.columns.iter().map(|column| if bytes.contains(column) { Kind::Bytes } else { Kind::Other }).collect())
}

async fn serial_columns(session: &mut Session<'_>, table: &str) -> Result<Vec<String>, BackupError> {
    let columns = format!(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND \
         table_name = '{}' AND (column_default LIKE 'nextval(%' OR is_identity = 'YES') ORDER BY ordinal_position",
        table.replace('\'', "''")
    );
    names(session, &columns).await
}

/// All tables, each after those that it refers to.
async fn in_order_of_references(session: &mut Session<'_>) -> Result<Vec<String>, BackupError> {
    let select = "SELECT c.relname::text, f.relname::text FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
                  JOIN pg_class f ON f.oid = k.confrelid WHERE k.contype = 'f' AND c.oid <> f.oid AND \
                  k.connamespace = current_schema()::regnamespace";
    let failed = || BackupError::database("reading which table refers to which");
    let mut waits: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for table in tables_of(session).await? {
        waits.entry(table).or_default();
    }
    let rows = sqlx::query(select).fetch_all(&mut *session.connection);
    for row in step(&session.limit, "reading which table refers to which", rows).await? {
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

async fn names(session: &mut Session<'_>, sql: &str) -> Result<Vec<String>, BackupError> {
    let failed = || BackupError::database("reading what is in it");
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut *session.connection);
    let rows = step(&session.limit, "reading what is in it", rows).await?;
    rows.iter().map(|row| row.try_get(0).map_err(failed())).collect()
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
}

fn table_file(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.copy"))
}
