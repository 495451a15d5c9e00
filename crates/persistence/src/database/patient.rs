//! How long PostgreSQL is waited for: every use of a connection passes here, or is given a [`Limit`] of its own. Knows no
//! statement of others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    TransactionOptions, TransactionTrait,
};
use tokio::pin;
use tokio::time::{Instant, timeout};

use crate::database::condition::Condition;
use crate::sql;

/// How long a server that has nothing to do any more is given for its answer to arrive.
const ON_ITS_WAY: Duration = Duration::from_secs(5);
/// When a question about that is asked again that was not answered.
const AGAIN: Duration = Duration::from_secs(1);

/// What is done over it is waited for so long and no longer.
#[derive(Debug, Clone)]
pub(crate) struct Patient<C = DatabaseConnection> {
    pub(super) connection: C,
    pub(super) limit: Limit,
    condition: Arc<Condition>,
    /// Of a transaction: whether a statement has changed a row.
    wrote: Arc<AtomicBool>,
}

/// Dropped before it is committed, it leaves no trace; a connection that went silent is closed by the pool then.
pub(crate) type Transaction = Patient<DatabaseTransaction>;

/// When a server is given up.
#[derive(Debug, Clone)]
pub(crate) enum Limit {
    /// A SQLite file is always there.
    Never,
    /// For what may be given up, be it that the other end went away without a word or that it has too much to do.
    After(Duration),
    /// For what is not given up while the server works on it, however long that takes. It is asked over another connection.
    Idle(Watched),
}

/// A connection, as the server sees it.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    /// The process there.
    pub(super) pid: i32,
    /// How often the server is asked.
    pub(super) every: Duration,
    pub(super) others: DatabaseConnection,
}

#[derive(Debug, thiserror::Error)]
#[error("the database did not answer within {} s", .0.as_secs())]
pub(crate) struct Silent(Duration);

impl From<Silent> for DbErr {
    fn from(silent: Silent) -> Self {
        Self::Custom(silent.to_string())
    }
}

impl Limit {
    pub(crate) async fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T, Silent> {
        match self {
            Self::Never => Ok(work.await),
            Self::After(patience) => timeout(*patience, work).await.map_err(|_| Silent(*patience)),
            Self::Idle(watched) => {
                pin!(work);
                let (mut pause, mut unanswered) = (watched.every, None);
                loop {
                    if let Ok(done) = timeout(pause, work.as_mut()).await {
                        return Ok(done);
                    }
                    match watched.is_at_work().await {
                        Some(true) => (pause, unanswered) = (watched.every, None),
                        None if unanswered.get_or_insert_with(Instant::now).elapsed() < watched.every => {
                            pause = AGAIN.min(watched.every);
                        }
                        None | Some(false) => {
                            return timeout(ON_ITS_WAY, work).await.map_err(|_| Silent(watched.every));
                        }
                    }
                }
            }
        }
    }
}

impl Watched {
    /// Whether the server has something of ours to do, or had a moment ago. None when it does not say.
    async fn is_at_work(&self) -> Option<bool> {
        let select = "SELECT pid FROM pg_stat_activity WHERE pid = $1 AND CASE state WHEN 'active' \
                      THEN wait_event_type IS DISTINCT FROM 'Client' \
                      ELSE clock_timestamp() - state_change < make_interval(secs => $2) END";
        let values = [self.pid.into(), ON_ITS_WAY.as_secs_f64().into()];
        let found = self.others.query_one_raw(sql::statement(&self.others, select, values));
        timeout(ON_ITS_WAY, found).await.ok()?.ok().map(|found| found.is_some())
    }
}

impl Patient {
    pub(crate) async fn begin(&self, options: TransactionOptions) -> Result<Transaction, DbErr> {
        let connection = self.answer(self.connection.begin_with_options(options)).await?;
        Ok(Patient::new(connection, self.limit.clone(), Arc::clone(&self.condition)))
    }
}

impl<C> Patient<C> {
    pub(super) fn new(connection: C, limit: Limit, condition: Arc<Condition>) -> Self {
        Self { connection, limit, condition, wrote: Arc::default() }
    }

    async fn answer<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        self.limit.wait(work).await?.inspect_err(|error| self.condition.note_failure(error))
    }

    /// For what passes this by.
    pub(crate) const fn limit(&self) -> &Limit {
        &self.limit
    }
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        let Self { connection, limit, condition, wrote } = self;
        limit.wait(connection.commit()).await?.inspect_err(|error| condition.note_failure(error))?;
        // What has changed nothing has not been to the disk.
        if wrote.load(Ordering::Acquire) {
            condition.note_written();
        }
        Ok(())
    }
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Patient<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let done = self.answer(self.connection.execute_raw(statement)).await?;
        if done.rows_affected() > 0 {
            self.wrote.store(true, Ordering::Release);
        }
        Ok(done)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.answer(self.connection.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.answer(self.connection.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.answer(self.connection.query_all_raw(statement)).await
    }
}
