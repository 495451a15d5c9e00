//! The connection to the database, for both kinds. Owns pools, pragmas and migrations. Knows no table.

pub(crate) mod clock;
pub(crate) mod condition;
pub(crate) mod connect;
pub(crate) mod patient;
pub(crate) mod url;

use std::fmt;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use orch_domain::error::StoreError;
use orch_domain::port::chain_signer::ChainSigner;
use orch_migrations::Migrator;
use sea_orm::{
    AccessMode, ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbErr, IsolationLevel, SqlxPostgresConnector,
    SqlxSqliteConnector, Statement, TransactionOptions,
};
use sea_orm_migration::{MigrationStatus, MigratorTrait};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use crate::config::DatabaseConfig;
use crate::database::condition::Condition;
use crate::database::connect::{Backend, Pools};
use crate::database::patient::{Limit, Patient, Transaction, Watched};
use crate::error::PersistenceError;
use crate::sql;
use crate::store_error::{Ailment, unavailable};
use crate::writing::Writing;

/// How long a write on PostgreSQL waits for a lock.
const WAITING: &str = "set_config('lock_timeout', '10s', true)";
/// Who holds a lock there and does nothing, such as a process that was suspended or a host that is gone, loses it before
/// those who wait for it give up.
const HOLDING: &str = "set_config('idle_in_transaction_session_timeout', '3s', true)";
/// The process of a server that serves a connection.
pub(crate) const PID: &str = "pg_backend_pid() AS pid";
/// What a snapshot is on PostgreSQL; a reading transaction of SQLite is one anyway.
const SNAPSHOT: TransactionOptions = TransactionOptions {
    isolation_level: Some(IsolationLevel::RepeatableRead),
    access_mode: Some(AccessMode::ReadOnly),
    sqlite_transaction_mode: None,
};
/// What following changes waits for a connection; while a server is away, it is tried again within a fifth of this.
const FOLLOWERS_PATIENCE: Duration = Duration::from_secs(5);

/// One database; clones share its pools.
#[derive(Clone)]
pub struct Database(Arc<Shared>);

struct Shared {
    backend: Backend,
    pools: Pools,
    reader: Patient,
    /// How long PostgreSQL may take before it is given up, or asked whether it is still at it.
    patience: Duration,
    /// For those who follow changes: slow reads of others, however many, do not keep a revocation from being seen.
    followers: Patient,
    /// Counts what was committed through this value, for those who follow changes in the same process.
    commits: watch::Sender<u64>,
    /// How many microseconds the clock of this host is ahead of the database's, as far as that was looked at.
    ahead: AtomicI64,
    condition: Arc<Condition>,
    /// Signs what is written to the record; without one it is not signed.
    signer: OnceLock<Arc<dyn ChainSigner>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    Sqlite,
    Postgres,
}

impl DatabaseKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// A step of the schema and whether this database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStep {
    pub name: String,
    pub applied: bool,
}

impl Database {
    /// Connects; creates the file of a SQLite database when it is missing. Does not migrate.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, PersistenceError> {
        let (backend, pools) = connect::open(config).await?;
        let patience = Duration::from_millis(config.answer_timeout_ms);
        let limit = connect::limit(&backend, patience);
        let condition = Arc::new(Condition::default());
        let [reader, followers] = [pools.reader.clone(), followers(&backend, &pools)]
            .map(|connection| Patient::new(connection, limit.clone(), Arc::clone(&condition)));
        let (commits, ahead, signer) = (watch::Sender::new(0), AtomicI64::new(0), OnceLock::new());
        Ok(Self(Arc::new(Shared { backend, pools, reader, patience, followers, commits, ahead, condition, signer })))
    }

    /// Has what is written to the record signed from now on. The first signer stays.
    pub fn sign_with(&self, signer: Arc<dyn ChainSigner>) {
        // Set once, when an instance is opened.
        let _ = self.0.signer.set(signer);
    }

    pub(crate) fn signer(&self) -> Option<&dyn ChainSigner> {
        self.0.signer.get().map(|signer| &**signer)
    }

    #[must_use]
    pub fn kind(&self) -> DatabaseKind {
        match self.0.backend {
            Backend::SqliteFile(_) | Backend::SqliteMemory => DatabaseKind::Sqlite,
            Backend::Postgres(_) => DatabaseKind::Postgres,
        }
    }

    /// Whether the database answers, and took what was last written.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let reader = self.reader();
        let statement = Statement::from_string(reader.get_database_backend(), "SELECT 1");
        reader.query_one_raw(statement).await.map_err(unavailable("asking whether the database answers"))?;
        self.0.condition.told()
    }

    /// Applies the steps that are missing, all or none, and tells which. Several daemons may do so at once.
    pub async fn migrate(&self) -> Result<Vec<String>, PersistenceError> {
        let fail = |doing| move |source| self.not_migrated(doing, source);
        let begun = self.begin_watched(&self.0.pools.writer, HOLDING).await;
        let txn = begun.map_err(fail("waiting for other writers"))?;
        if self.kind() == DatabaseKind::Postgres {
            let lock = format!("SELECT pg_advisory_xact_lock({})", connect::MIGRATION_LOCK);
            txn.execute_unprepared(&lock).await.map_err(fail("waiting for other migrations"))?;
        }
        let Patient { connection, limit, .. } = &txn;
        let pending = limit.wait(Migrator::get_pending_migrations(connection)).await;
        let pending = pending.map_err(DbErr::from).flatten().map_err(fail("reading what was applied"))?;
        let pending: Vec<_> = pending.iter().map(|step| step.name().to_owned()).collect();
        let applied = limit.wait(Migrator::up(connection, None)).await;
        applied.map_err(DbErr::from).flatten().map_err(fail("applying steps"))?;
        txn.commit().await.map_err(fail("committing"))?;
        Ok(pending)
    }

    /// All steps in order. Changes nothing, not even in an empty database.
    pub async fn migration_status(&self) -> Result<Vec<MigrationStep>, PersistenceError> {
        let Patient { connection, limit, .. } = self.reader();
        let steps = limit.wait(Migrator::get_migration_with_status_read_only(connection)).await;
        let steps = steps
            .map_err(DbErr::from)
            .flatten()
            .map_err(|source| self.not_migrated("reading what was applied", source))?;
        let step = |step: &sea_orm_migration::Migration| MigrationStep {
            name: step.name().to_owned(),
            applied: step.status() == MigrationStatus::Applied,
        };
        Ok(steps.iter().map(step).collect())
    }

    fn not_migrated(&self, doing: &'static str, source: DbErr) -> PersistenceError {
        match (Ailment::of(&source), &self.0.backend) {
            (Some(Ailment::Damaged), Backend::SqliteFile(options)) => PersistenceError::Damaged {
                database: options.get_filename().display().to_string(),
                source: source.into(),
            },
            _ => PersistenceError::Migrate { doing, source },
        }
    }

    /// Closes all connections; what is under way ends first. [`SeaChanges`](crate::SeaChanges) must have ended.
    pub async fn close(&self) {
        let _ = self.0.followers.connection.close_by_ref().await;
        self.0.pools.close().await;
    }

    /// For reads of one statement. What takes long is given up.
    pub(crate) fn reader(&self) -> &Patient {
        &self.0.reader
    }

    /// For reads of those who follow changes.
    pub(crate) fn followers(&self) -> &Patient {
        &self.0.followers
    }

    /// How long PostgreSQL may take before it is given up.
    pub(crate) fn patience(&self) -> Duration {
        self.0.patience
    }

    /// For what is no transaction.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.pools.writer
    }

    /// For reads of several statements that must agree with each other.
    pub(crate) async fn read_snapshot(&self, doing: &'static str) -> Result<Transaction, StoreError> {
        self.snapshot_over(self.reader(), doing).await
    }

    /// The same over one of our connections.
    pub(crate) async fn snapshot_over(&self, reader: &Patient, doing: &'static str) -> Result<Transaction, StoreError> {
        let options = match self.kind() {
            DatabaseKind::Sqlite => TransactionOptions::default(),
            DatabaseKind::Postgres => SNAPSHOT,
        };
        reader.begin(options).await.map_err(unavailable(doing))
    }

    /// A snapshot for statements that take as long as they take.
    pub(crate) async fn watched_snapshot(&self, doing: &'static str) -> Result<Transaction, StoreError> {
        self.watch_over(self.read_snapshot(doing).await?, "true").await.map_err(unavailable(doing))
    }

    /// Begins a write that is announced. Such writes run one after the other on the whole database, so that a rule over
    /// several rows cannot be broken by two at once, and changes are numbered in the order of their commits.
    pub(crate) async fn write(&self, doing: &'static str) -> Result<Writing, StoreError> {
        let first = format!("{WAITING}, {HOLDING}, pg_advisory_xact_lock({})", connect::WRITE_LOCK);
        self.begin(&self.0.pools.writer, &first, doing).await
    }

    /// Begins a write that nobody follows. On PostgreSQL others write at the same time.
    pub(crate) async fn write_quietly(&self, doing: &'static str) -> Result<Writing, StoreError> {
        self.begin(&self.0.pools.writer, &format!("{WAITING}, {HOLDING}"), doing).await
    }

    /// The same, for what nobody waits for: on a SQLite file it gives way to whatever else wants a processor.
    pub(crate) async fn write_in_background(&self, doing: &'static str) -> Result<Writing, StoreError> {
        self.begin(&self.0.pools.background, &format!("{WAITING}, {HOLDING}"), doing).await
    }

    /// `first` is what PostgreSQL evaluates before anything else.
    async fn begin(&self, pool: &DatabaseConnection, first: &str, doing: &'static str) -> Result<Writing, StoreError> {
        let turn = self.turn().await.map_err(unavailable(doing))?;
        let txn = self.begin_watched(pool, first).await.map_err(unavailable(doing))?;
        Ok(Writing::new(self.clone(), txn, turn, doing))
    }

    /// A transaction that is given up when the server does nothing for it any more, and not because it takes long.
    async fn begin_watched(&self, pool: &DatabaseConnection, first: &str) -> Result<Transaction, DbErr> {
        let pool = Patient::new(pool.clone(), self.0.reader.limit.clone(), Arc::clone(&self.0.condition));
        self.watch_over(pool.begin(connect::WRITE).await?, first).await
    }

    /// `first` is the first thing that PostgreSQL evaluates in the transaction.
    async fn watch_over(&self, mut txn: Transaction, first: &str) -> Result<Transaction, DbErr> {
        if self.kind() == DatabaseKind::Postgres {
            let select = Statement::from_string(txn.get_database_backend(), format!("SELECT {PID}, {first}"));
            let row = txn.query_one_raw(select).await?.ok_or_else(|| sql::unreadable("pg_backend_pid()"))?;
            txn.limit = self.watch(row.try_get("", "pid")?);
        }
        Ok(txn)
    }

    /// For what is done over the connection to PostgreSQL that this process serves there.
    pub(crate) fn watch(&self, pid: i32) -> Limit {
        Limit::Idle(Watched { pid, every: self.0.patience, others: self.0.followers.connection.clone() })
    }

    async fn turn(&self) -> Result<Option<OwnedSemaphorePermit>, DbErr> {
        let Some(turns) = &self.0.pools.turns else { return Ok(None) };
        match timeout(turns.patience, Arc::clone(&turns.places).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            Ok(Err(_)) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
            Err(_) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        }
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.0.backend
    }

    pub(crate) fn note_commit(&self) {
        self.0.commits.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.0.commits.subscribe()
    }
}

/// Opened when they are needed.
fn followers(backend: &Backend, pools: &Pools) -> DatabaseConnection {
    // The task that reads the table of changes, and the one that reads what has changed.
    const FOLLOWERS: u32 = 2;
    match backend {
        Backend::SqliteMemory => pools.reader.clone(),
        Backend::SqliteFile(options) => {
            let pool = connect::file_pool(FOLLOWERS_PATIENCE).max_connections(FOLLOWERS);
            SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.connect_lazy_with(SqliteConnectOptions::clone(options)))
        }
        Backend::Postgres(pool) => {
            let options = PgConnectOptions::clone(&pool.connect_options());
            let pool = connect::postgres_pool(FOLLOWERS_PATIENCE).max_connections(FOLLOWERS);
            SqlxPostgresConnector::from_sqlx_postgres_pool(pool.connect_lazy_with(options))
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.kind().as_str()).finish()
    }
}
