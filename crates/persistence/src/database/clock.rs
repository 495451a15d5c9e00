//! The clock of a PostgreSQL server is the one that all replicas have in common: how far this host's is from it, and what
//! goes by it. A SQLite file has no other clock than the host's.

use std::sync::atomic::Ordering;
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::error::StoreError;
use orch_domain::port::clock::Clock;
use sea_orm::{ConnectionTrait, DbErr, Statement};
use time::Duration as Span;

use crate::database::{Database, DatabaseKind};
use crate::sql;
use crate::store_error::unavailable;
use crate::timestamp::from_micros;

const DOING: &str = "asking the database for its time";

/// An answer that took so long may be half as old.
const TOO_LONG: Span = Span::seconds(2);

/// What is older than this may be taken away. One of PostgreSQL is never later than the time there: a host whose clock
/// is ahead takes nothing away that is fresh to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut(pub(crate) Timestamp);

impl Cut {
    /// What has been kept for so long at this one.
    #[must_use]
    pub fn back(self, kept: Duration) -> Self {
        Self(self.0 - kept)
    }
}

impl Database {
    /// Looks how far the clock of this host is ahead of the database's, or behind if that is negative. What replicas have to
    /// agree on goes by the database's from then on.
    pub async fn compare_clocks(&self, clock: &dyn Clock) -> Result<Span, StoreError> {
        if self.kind() == DatabaseKind::Sqlite {
            return Ok(Span::ZERO);
        }
        // The connection is there before it counts.
        let txn = self.read_snapshot(DOING).await?;
        let before = clock.now();
        let there = time(&txn).await.map_err(unavailable(DOING))?;
        let took: Span = clock.now() - before;
        if took > TOO_LONG {
            let source = format!("it took {took}, which tells nothing of its clock").into();
            return Err(StoreError::Unavailable { doing: DOING, source });
        }
        let ahead: Span = before + took / 2 - there;
        self.0.ahead.store(i64::try_from(ahead.whole_microseconds()).unwrap_or_default(), Ordering::Relaxed);
        Ok(ahead)
    }

    /// A moment of this host's clock, by the clock that all replicas have in common.
    pub(crate) fn shared_time(&self, here: Timestamp) -> Timestamp {
        let ahead = Span::microseconds(self.0.ahead.load(Ordering::Relaxed));
        here.checked_sub(ahead).unwrap_or(here)
    }

    /// A cut between past and future, where it is `now` on this host.
    pub async fn cut(&self, now: Timestamp) -> Result<Cut, StoreError> {
        if self.kind() == DatabaseKind::Sqlite {
            return Ok(Cut(now));
        }
        Ok(Cut(now.min(time(self.reader()).await.map_err(unavailable(DOING))?)))
    }
}

async fn time(conn: &impl ConnectionTrait) -> Result<Timestamp, DbErr> {
    let select = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS micros";
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), select)).await?;
    let micros = row.map(|row| row.try_get("", "micros")).transpose()?;
    micros.and_then(from_micros).ok_or_else(|| sql::unreadable("clock_timestamp()"))
}
