//! The connection to the database, for both kinds. Owns pools, pragmas and migrations. Knows no table.

pub(crate) mod connect;
pub(crate) mod cut;
pub(crate) mod patient;
pub(crate) mod url;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use orch_domain::error::StoreError;
use orch_domain::port::chain_signer::ChainSigner;
use orch_migrations::Migrator;
use sea_orm::{
    AccessMode, ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, IsolationLevel,
    SqlxPostgresConnector, SqlxSqliteConnector, Statement, TransactionTrait,
};
use sea_orm_migration::{MigrationStatus, MigratorTrait};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use crate::config::DatabaseConfig;
use crate::database::connect::{Backend, Pools};
use crate::database::patient::Patient;
use crate::error::PersistenceError;
use crate::store_error::unavailable;
use crate::writing::Writing;

/// How a write on PostgreSQL deals with locks. Who holds one and does nothing, such as a process that was suspended or a
/// host that is gone, loses it before those who wait for it give up.
const LOCKS: &str = "set_config('lock_timeout', '10s', true), \
                     set_config('idle_in_transaction_session_timeout', '3s', true)";
/// What following changes waits for a connection; while a server is away, it is tried again within a fifth of this.
const FOLLOWERS_PATIENCE: Duration = Duration::from_secs(5);

/// One database; clones share its pools.
#[derive(Clone)]
pub struct Database(Arc<Shared>);

struct Shared {
    backend: Backend,
    pools: Pools,
    reader: Patient,
    /// How long PostgreSQL may take for what can be given up.
    patience: Duration,
    /// For those who follow changes: slow reads of others, however many, do not keep a revocation from being seen.
    followers: Patient,
    /// Counts what was committed through this value, for those who follow changes in the same process.
    commits: watch::Sender<u64>,
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
        let [reader, followers] =
            [pools.reader.clone(), followers(&backend, &pools)].map(|connection| Patient { connection, patience });
        let (commits, signer) = (watch::Sender::new(0), OnceLock::new());
        Ok(Self(Arc::new(Shared { backend, pools, reader, patience, followers, commits, signer })))
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

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let reader = self.reader();
        let statement = Statement::from_string(reader.get_database_backend(), "SELECT 1");
        reader.query_one_raw(statement).await.map(|_| ()).map_err(unavailable("asking whether the database answers"))
    }

    /// Applies the steps that are missing, all or none, and tells which. Several daemons may do so at once.
    pub async fn migrate(&self) -> Result<Vec<String>, PersistenceError> {
        let fail = |doing| move |source| PersistenceError::Migrate { doing, source };
        let writer = &self.0.pools.writer;
        let txn = writer.begin_with_options(connect::WRITE).await.map_err(fail("waiting for other writers"))?;
        if self.kind() == DatabaseKind::Postgres {
            let lock = format!("SELECT pg_advisory_xact_lock({})", connect::MIGRATION_LOCK);
            txn.execute_unprepared(&lock).await.map_err(fail("waiting for other migrations"))?;
        }
        let pending = Migrator::get_pending_migrations(&txn).await.map_err(fail("reading what was applied"))?;
        let pending: Vec<_> = pending.iter().map(|step| step.name().to_owned()).collect();
        Migrator::up(&txn, None).await.map_err(fail("applying steps"))?;
        txn.commit().await.map_err(fail("committing"))?;
        Ok(pending)
    }

    /// All steps in order. Changes nothing, not even in an empty database.
    pub async fn migration_status(&self) -> Result<Vec<MigrationStep>, PersistenceError> {
        let steps = Migrator::get_migration_with_status_read_only(&self.0.pools.reader)
            .await
            .map_err(|source| PersistenceError::Migrate { doing: "reading what was applied", source })?;
        let step = |step: &sea_orm_migration::Migration| MigrationStep {
            name: step.name().to_owned(),
            applied: step.status() == MigrationStatus::Applied,
        };
        Ok(steps.iter().map(step).collect())
    }

    /// Closes all connections; what is under way ends first. [`SeaChanges`](crate::SeaChanges) must have ended.
    pub async fn close(&self) {
        let _ = self.0.followers.connection.close_by_ref().await;
        self.0.pools.close().await;
    }

    /// For reads of one statement.
    pub(crate) fn reader(&self) -> &Patient {
        &self.0.reader
    }

    /// For reads of those who follow changes.
    pub(crate) fn followers(&self) -> &Patient {
        &self.0.followers
    }

    /// For what is no transaction.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.pools.writer
    }

    /// For reads of several statements that must agree with each other.
    pub(crate) async fn read_snapshot(&self, doing: &'static str) -> Result<DatabaseTransaction, StoreError> {
        self.snapshot_over(self.reader(), doing).await
    }

    /// The same over one of our connections.
    pub(crate) async fn snapshot_over(
        &self,
        reader: &Patient,
        doing: &'static str,
    ) -> Result<DatabaseTransaction, StoreError> {
        let begun = match self.kind() {
            // A reading transaction of SQLite is a snapshot anyway.
            DatabaseKind::Sqlite => reader.connection.begin().await,
            DatabaseKind::Postgres => {
                reader
                    .connection
                    .begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly))
                    .await
            }
        };
        begun.map_err(unavailable(doing))
    }

    /// Begins a write that is announced. Such writes run one after the other on the whole database, so that a rule over
    /// several rows cannot be broken by two at once, and changes are numbered in the order of their commits.
    pub(crate) async fn write(&self, doing: &'static str) -> Result<Writing, StoreError> {
        self.begin(&self.0.pools.writer, &format!("{LOCKS}, pg_advisory_xact_lock({})", connect::WRITE_LOCK), doing)
            .await
    }

    /// Begins a write that nobody follows. On PostgreSQL others write at the same time.
    pub(crate) async fn write_quietly(&self, doing: &'static str) -> Result<Writing, StoreError> {
        self.begin(&self.0.pools.writer, LOCKS, doing).await
    }

    /// The same, for what nobody waits for: on a SQLite file it gives way to whatever else wants a processor.
    pub(crate) async fn write_in_background(&self, doing: &'static str) -> Result<Writing, StoreError> {
        self.begin(&self.0.pools.background, LOCKS, doing).await
    }

    /// What nobody who could give up waits for, and that may be done again.
    pub(crate) async fn with_patience<T>(
        &self,
        doing: &'static str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match self.kind() {
            DatabaseKind::Sqlite => work.await,
            DatabaseKind::Postgres => timeout(self.0.patience, work).await.unwrap_or_else(|_| {
                let source = format!("it did not answer within {} s", self.0.patience.as_secs()).into();
                Err(StoreError::Unavailable { doing, source })
            }),
        }
    }

    /// `first` is what PostgreSQL evaluates before anything else.
    async fn begin(&self, pool: &DatabaseConnection, first: &str, doing: &'static str) -> Result<Writing, StoreError> {
        let turn = self.turn().await.map_err(unavailable(doing))?;
        let txn = pool.begin_with_options(connect::WRITE).await.map_err(unavailable(doing))?;
        if self.kind() == DatabaseKind::Postgres {
            txn.execute_unprepared(&format!("SELECT {first}")).await.map_err(unavailable(doing))?;
        }
        Ok(Writing::new(self.clone(), txn, turn, doing))
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
