//! Notices that another process has committed: a notification from PostgreSQL, a new `data_version` of a SQLite file.
//! Says that something happened and never what.

use std::convert::Infallible;
use std::future;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::Notify;

use super::PAUSES;
use crate::database::Database;
use crate::database::connect::Backend;
use crate::writing::CHANNEL;

/// How often a SQLite file is looked at. It costs a look at shared memory and no read of the file.
const LOOK: Duration = Duration::from_millis(100);

/// Wakes `nudge` up; never returns.
pub(super) async fn on_commits_of_others(database: &Database, nudge: &Notify) -> Infallible {
    let mut pause = PAUSES.0;
    loop {
        let ended = match database.backend() {
            Backend::SqliteMemory => future::pending().await,
            Backend::SqliteFile(options) => watch(options, nudge, &mut pause).await,
            Backend::Postgres(pool) => listen(pool, nudge, &mut pause).await,
        };
        let Err(error) = ended;
        if matches!(error, sqlx::Error::PoolClosed) {
            return future::pending().await;
        }
        tracing::warn!(error = %error, "cannot see what other processes commit, trying again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
        // Whatever was committed in the meantime was not told.
        nudge.notify_one();
    }
}

async fn listen(pool: &PgPool, nudge: &Notify, pause: &mut Duration) -> Result<Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    *pause = PAUSES.0;
    loop {
        // None means that the connection was lost and is back: something may have been missed.
        let _ = listener.try_recv().await?;
        nudge.notify_one();
    }
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
