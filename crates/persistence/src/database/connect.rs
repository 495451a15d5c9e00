//! Opening of pools, with everything that makes SQLite safe for several processes.

use std::fs::{self, DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    DatabaseConnection, DbErr, RuntimeErr, SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector,
    TransactionOptions,
};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::config::DatabaseConfig;
use crate::database::url::Place;
use crate::error::PersistenceError;

/// Keys of PostgreSQL's advisory locks; they are the database's own, so any constants do.
pub(crate) const MIGRATION_LOCK: i64 = 0x6f72_6368_0001;
pub(crate) const WRITE_LOCK: i64 = 0x6f72_6368_0002;

/// What the thread that writes in the background leaves to others that want a processor: nearly all of it. With 10, a tenth
/// of what they get for it, calls over stdio gained less than half as much (docs/adr/0043).
const NICE: i32 = 19;

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

pub(crate) async fn open(config: &DatabaseConfig) -> Result<(Backend, Pools), PersistenceError> {
    let wait = Duration::from_millis(config.acquire_timeout_ms);
    let opened = match &config.url.0 {
        Place::SqliteFile(path) => {
            prepare_file(path)?;
            open_sqlite_file(path, config.max_connections, wait).await
        }
        Place::SqliteMemory => open_sqlite_memory(wait).await,
        Place::Postgres(options) => open_postgres(options, config.max_connections, wait).await,
    };
    opened.map_err(|source| PersistenceError::Connect {
        database: config.url.to_string(),
        source: DbErr::Conn(RuntimeErr::SqlxError(source.into())),
    })
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
    let writer = patiently(wait, || file_pool(wait).max_connections(1).connect_with(options.clone())).await?;
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
fn file_pool(wait: Duration) -> SqlitePoolOptions {
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

/// Tries again while another process is just switching the file to WAL, for which SQLite does not wait by itself.
async fn patiently<F>(wait: Duration, mut connect: impl FnMut() -> F) -> Result<SqlitePool, sqlx::Error>
where
    F: Future<Output = Result<SqlitePool, sqlx::Error>>,
{
    let deadline = Instant::now() + wait;
    loop {
        match connect().await {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: i64 = 5;
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    // The lower byte is the primary code of an extended one.
    error.code().and_then(|code| code.parse::<i64>().ok()).is_some_and(|code| code & 0xff == BUSY)
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
    // One connection listens for changes all the time.
    let pool =
        PgPoolOptions::new().acquire_timeout(wait).max_connections(connections.max(2)).connect_with(options).await?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
    Ok((Backend::Postgres(pool), Pools::one(connection)))
}
