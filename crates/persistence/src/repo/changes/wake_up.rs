//! Notices that another process has committed: a notification from PostgreSQL, a new `data_version` of a SQLite file.
//! Says that something happened and never what.

use std::convert::Infallible;
use std::future;
use std::time::Duration;

use orch_domain::error::WithCauses;
use sqlx::postgres::{PgConnectOptions, PgListener};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, SqliteConnection};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{DEADLINE, PAUSES};
use crate::database::Database;
use crate::database::connect::{self, Backend};
use crate::writing::CHANNEL;

/// How often a SQLite file is looked at. It costs a look at shared memory and no read of the file.
const LOOK: Duration = Duration::from_millis(100);
/// How often a connection that has told nothing is asked whether its other end is still there.
const ASK: Duration = Duration::from_secs(10);

/// Wakes `nudge` up; never returns.
pub(super) async fn on_commits_of_others(database: &Database, nudge: &Notify) -> Infallible {
    let mut pause = PAUSES.0;
    loop {
        let ended = match database.backend() {
            Backend::SqliteMemory => future::pending().await,
            Backend::SqliteFile(options) => watch(options, nudge, &mut pause).await,
            Backend::Postgres(pool) => listen(&pool.connect_options(), nudge, &mut pause).await,
        };
        let Err(error) = ended;
        tracing::warn!(error = %WithCauses(&error), "cannot see what other processes commit, trying again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
        // Whatever was committed in the meantime was not told.
        nudge.notify_one();
    }
}

async fn listen(options: &PgConnectOptions, nudge: &Notify, pause: &mut Duration) -> Result<Infallible, sqlx::Error> {
    // A connection of its own: one that went silent is let go of only when the system gives it up, and would keep its place
    // among those of others until then.
    let pool = connect::postgres_pool(DEADLINE).max_connections(1).max_lifetime(None).idle_timeout(None);
    let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options.clone())).await?;
    ask(&mut listener).await?;
    *pause = PAUSES.0;
    nudge.notify_one();
    loop {
        match timeout(ASK, listener.try_recv()).await {
            Ok(Ok(Some(_))) => nudge.notify_one(),
            // The connection was lost, and the one in its place listens to nothing.
            Ok(Ok(None)) => return Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted).into()),
            Ok(Err(error)) => return Err(error),
            Err(_) => ask(&mut listener).await?,
        }
    }
}

/// To listen once more changes nothing, and is answered like anything else.
async fn ask(listener: &mut PgListener) -> Result<(), sqlx::Error> {
    let listen = AssertSqlSafe(format!("LISTEN {CHANNEL}"));
    timeout(DEADLINE, listener.execute(listen)).await.unwrap_or_else(|_| Err(connect::silent()))?;
    Ok(())
}

async fn watch(
    options: &SqliteConnectOptions,
    nudge: &Notify,
    pause: &mut Duration,
) -> Result<Infallible, sqlx::Error> {
    // A connection of its own: the number changes only when another connection commits.
    let mut connection = options.connect().await?;
    let mut known = data_version(&mut connection).await?;
    *pause = PAUSES.0;
    nudge.notify_one();
    loop {
        tokio::time::sleep(LOOK).await;
        let version = data_version(&mut connection).await?;
        if version != known {
            known = version;
            nudge.notify_one();
        }
    }
}

async fn data_version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await
}
