//! Opening of pools, with everything that makes SQLite safe for several processes.

use std::error::Error;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orch_migrations::Migrator;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector,
    Statement, TransactionOptions,
};
use sea_orm_migration::{MigratorTrait as _, SchemaManager};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::DatabaseConfig;
use crate::database::patient::Limit;
use crate::database::url::Place;
use crate::error::PersistenceError;
use crate::store_error::{Ailment, sqlite_code};

/// Keys of PostgreSQL's advisory locks; they are the database's own, so any constants do.
pub(crate) const MIGRATION_LOCK: i64 = 0x6f72_6368_0001;
pub(crate) const WRITE_LOCK: i64 = 0x6f72_6368_0002;

/// What the thread that writes in the background leaves to others that want a processor: nearly all of it. With 10, a tenth
/// of what they get for it, calls over stdio gained less than half as much (docs/adr/0043).
const NICE: i32 = 19;

/// How long other processes that write to a SQLite file are waited for, and a place among those of this process.
const TURN: Duration = Duration::from_secs(10);
/// How long a PostgreSQL server that is just starting is waited for at the first connection.
const START: Duration = Duration::from_secs(10);
/// How long a connection to PostgreSQL that comes back may take to answer, or to close. It may have an abandoned query to
/// finish.
pub(crate) const RELEASE: Duration = Duration::from_secs(5);

/// How writes begin. SQLite takes the write lock at once: a transaction that reads first and then writes could find
/// itself refused in the middle, without waiting.
pub(crate) const WRITE: TransactionOptions = TransactionOptions {
    isolation_level: None,
    access_mode: None,
    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
};

/// What is needed to open further connections of its own.
pub(crate) enum Backend {
    SqliteFile(Box<SqliteConnectOptions>),
    SqliteMemory,
    Postgres(PgPool),
}

pub(crate) struct Pools {
    pub(crate) reader: DatabaseConnection,
    /// For SQLite a pool of one.
    pub(crate) writer: DatabaseConnection,
    /// For what nobody waits for. A SQLite file has a second connection for it, whose thread gives way to others.
    pub(crate) background: DatabaseConnection,
    /// Whose turn it is to write to a SQLite file, so that writers of this process queue up in order.
    pub(crate) turns: Option<Turns>,
}

/// One writer at a time.
pub(crate) struct Turns {
    pub(crate) places: Arc<Semaphore>,
    /// How long to wait for a turn.
    pub(crate) patience: Duration,
}

impl Pools {
    fn one(connection: DatabaseConnection) -> Self {
        Self { reader: connection.clone(), writer: connection.clone(), background: connection, turns: None }
    }

    pub(crate) async fn close(&self) {
        for connection in [&self.reader, &self.writer, &self.background] {
            // Closing again, where they are one pool, does nothing.
            let _ = connection.close_by_ref().await;
        }
    }
}

/// Refuses a database that a newer version has brought further: this one would misread what it does not know.
pub(crate) async fn open(config: &DatabaseConfig) -> Result<(Backend, Pools), PersistenceError> {
    let wait = Duration::from_millis(config.acquire_timeout_ms);
    let opened = match &config.url.0 {
        Place::SqliteFile(path) => {
            prepare_file(path)?;
            open_sqlite_file(path, config.max_connections, TURN).await
        }
        Place::SqliteMemory => open_sqlite_memory(TURN).await,
        Place::Postgres(options) => open_postgres(options, config.max_connections, wait).await,
    };
    let failed = |ailment, source| {
        let database = config.url.to_string();
        match ailment {
            Some(Ailment::Damaged) => PersistenceError::Damaged { database, source },
            _ => PersistenceError::Connect { database, source },
        }
    };
    let (backend, pools) = opened.map_err(|error| failed(Ailment::of_driver(&error), cause(error)))?;
    let patience = Duration::from_millis(config.answer_timeout_ms);
    let unknown = limit(&backend, patience).wait(unknown_step(&pools.reader)).await;
    match unknown.map_err(DbErr::from).flatten() {
        Ok(None) => Ok((backend, pools)),
        Ok(Some(step)) => {
            pools.close().await;
            Err(PersistenceError::Newer { database: config.url.to_string(), step })
        }
        Err(error) => {
            pools.close().await;
            Err(failed(Ailment::of(&error), error.into()))
        }
    }
}

/// For what may be given up.
pub(crate) fn limit(backend: &Backend, patience: Duration) -> Limit {
    match backend {
        Backend::SqliteFile(_) | Backend::SqliteMemory => Limit::Never,
        Backend::Postgres(_) => Limit::After(patience),
    }
}

/// What went wrong, once: the library's error repeats its cause in its own text.
fn cause(error: sqlx::Error) -> Box<dyn Error + Send + Sync> {
    match error {
        sqlx::Error::Io(error) => error.into(),
        sqlx::Error::Database(error) => error.message().into(),
        other => other.into(),
    }
}

/// The last step of the schema that this version does not know.
async fn unknown_step(reader: &DatabaseConnection) -> Result<Option<String>, DbErr> {
    const STEPS: &str = "seaql_migrations";
    if !SchemaManager::new(reader).has_table(STEPS).await? {
        return Ok(None);
    }
    let select = Statement::from_string(reader.get_database_backend(), format!("SELECT version FROM {STEPS}"));
    let applied = reader.query_all_raw(select).await?;
    let applied = applied.iter().map(|row| row.try_get("", "version")).collect::<Result<Vec<String>, _>>()?;
    let known = Migrator::migrations();
    Ok(applied.into_iter().filter(|step| known.iter().all(|own| own.name() != step)).max())
}

/// Makes sure that nobody else reads the file: it holds hashes, and names of secrets. SQLite gives its companion files
/// the same mode.
fn prepare_file(path: &Path) -> Result<(), PersistenceError> {
    let fail = |doing| move |source| PersistenceError::File { doing, path: path.to_owned(), source };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(fail("given a directory"))?;
    }
    let file =
        OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(fail("opened for writing"))?;
    let mode = file.metadata().map_err(fail("looked at"))?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(fail("protected from other users"))?;
    }
    Ok(())
}

async fn open_sqlite_file(path: &Path, readers: u32, wait: Duration) -> Result<(Backend, Pools), sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(wait)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        // The record of calls writes much and in bursts; a checkpoint copies every page once more.
        .pragma("wal_autocheckpoint", "4000");
    let writer = patiently(wait, is_busy, || file_pool(wait).max_connections(1).connect_with(options.clone())).await?;
    let background = file_pool(wait)
        .max_connections(1)
        .after_connect(|connection, _| Box::pin(give_way(connection)))
        .connect_lazy_with(options.clone().thread_name(|_| "sqlite-behind".to_owned()));
    let reading = options.pragma("query_only", "ON");
    let reader = file_pool(wait).max_connections(readers.max(1)).connect_with(reading.clone()).await?;
    let pools = Pools {
        reader: sqlite(reader),
        writer: sqlite(writer),
        background: sqlite(background),
        turns: Some(Turns { places: Arc::new(Semaphore::new(1)), patience: wait }),
    };
    Ok((Backend::SqliteFile(Box::new(reading)), pools))
}

async fn open_sqlite_memory(wait: Duration) -> Result<(Backend, Pools), sqlx::Error> {
    let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
    // The one connection is the database, so it must never be replaced by a fresh one.
    let only = pool(wait).min_connections(1).max_connections(1).connect_with(options).await?;
    Ok((Backend::SqliteMemory, Pools::one(sqlite(only))))
}

fn pool(wait: Duration) -> SqlitePoolOptions {
    // Connections to a file do not go stale.
    SqlitePoolOptions::new().acquire_timeout(wait).idle_timeout(None).max_lifetime(None).test_before_acquire(false)
}

/// The same for a file, where a connection can be replaced.
///
/// When SQLite cannot write a commit, on a full disk for one, it rolls back by itself, and the library takes the
/// connection for one within a transaction ever after: what later writes say they committed would be lost.
pub(crate) fn file_pool(wait: Duration) -> SqlitePoolOptions {
    pool(wait).before_acquire(|connection, _| {
        let is_free = !connection.is_in_transaction();
        if !is_free {
            tracing::warn!("a connection to the database did not leave its last transaction, and is replaced");
        }
        Box::pin(async move { Ok(is_free) })
    })
}

/// Lets the thread of a connection have a processor only where others leave it.
async fn give_way(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // What SQLite tells of its progress, it tells on that thread.
    let lower = || {
        if let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::warn!(%error, "storing calls in the background does not give way to other work");
        }
        true
    };
    connection.lock_handle().await?.set_progress_handler(1, lower);
    let run = sqlx::query("SELECT 1").execute(&mut *connection).await;
    connection.lock_handle().await?.remove_progress_handler();
    run.map(|_| ())
}

fn sqlite(pool: SqlitePool) -> DatabaseConnection {
    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
}

/// Tries again while it is only a matter of time, and gives the last error when the time is over.
async fn patiently<T, F>(
    wait: Duration,
    passes: impl Fn(&sqlx::Error) -> bool,
    mut connect: impl FnMut() -> F,
) -> Result<T, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let deadline = Instant::now() + wait;
    let mut last = None;
    loop {
        match timeout_at(deadline, connect()).await {
            Ok(Err(error)) if passes(&error) => last = Some(error),
            Ok(outcome) => return outcome,
            Err(_) => return Err(last.unwrap_or_else(silent)),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Another process is just switching the file to WAL, for which SQLite does not wait by itself.
fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: i64 = 5;
    sqlite_code(error) == Some(BUSY)
}

async fn open_postgres(
    options: &PgConnectOptions,
    connections: u32,
    wait: Duration,
) -> Result<(Backend, Pools), sqlx::Error> {
    let mut options = options.clone();
    if options.get_application_name().is_none() {
        options = options.application_name("mcp-orchestrator");
    }
    // The first connection is made without the pool, which says of every failure only that its time is over.
    let first = patiently(START.max(wait), is_starting, || PgConnection::connect_with(&options)).await?;
    // What it answered with does not matter any more.
    let _ = timeout(RELEASE, first.close()).await;
    // One more listens for changes all the time.
    let pool = postgres_pool(wait).max_connections(connections.max(2) - 1).connect_lazy_with(options);
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
    Ok((Backend::Postgres(pool), Pools::one(connection)))
}

/// Connections whose other end went away without a word are replaced: the library asks them whether they are still there
/// as well, but waits for the answer for ever when they come back, and for the whole `wait` when they are taken.
pub(crate) fn postgres_pool(wait: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .acquire_timeout(wait)
        .test_before_acquire(false)
        // What remains is for the connection in its place.
        .before_acquire(move |connection, _| Box::pin(answers(connection, wait / 3)))
        .after_release(|connection, _| Box::pin(answers(connection, RELEASE)))
}

/// An error has the pool close the connection without another word to the server. What the library still has to send goes
/// first: where the kernel has no room for it, closing takes until the kernel gives the connection up.
async fn answers(connection: &mut PgConnection, within: Duration) -> Result<bool, sqlx::Error> {
    match timeout(within, connection.ping()).await {
        Ok(answered) => answered.map(|()| true),
        Err(_) => Err(silent()),
    }
}

pub(crate) fn silent() -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it does not answer").into()
}

/// The server is on its way up, as it is when both are started together.
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.is_transient_in_connect_phase(),
        _ => false,
    }
}
