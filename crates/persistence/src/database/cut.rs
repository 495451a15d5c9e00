//! Before when something is too old to be kept. Takes nothing away.

use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::error::StoreError;
use sea_orm::{ConnectionTrait, DbErr, Statement};
use time::Duration as Span;

use crate::database::{Database, DatabaseKind};
use crate::sql;
use crate::store_error::unavailable;
use crate::timestamp::from_micros;

/// A clock that is ahead by no more than this is in step.
const IN_STEP: Span = Span::minutes(1);

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
    /// A cut between past and future, where it is `now` on this host. A SQLite file has no other clock than the host's.
    pub async fn cut(&self, now: Timestamp) -> Result<Cut, StoreError> {
        if self.kind() == DatabaseKind::Sqlite {
            return Ok(Cut(now));
        }
        let there = self.time().await.map_err(unavailable("asking the database for its time"))?;
        if now - there > IN_STEP {
            let ahead_secs = (now - there).whole_seconds();
            tracing::warn!(ahead_secs, "the clock of this host is ahead of the database's, which says what is too old");
        }
        Ok(Cut(now.min(there)))
    }

    async fn time(&self) -> Result<Timestamp, DbErr> {
        let select = "SELECT CAST(EXTRACT(EPOCH FROM now()) * 1000000 AS BIGINT) AS micros";
        let select = Statement::from_string(self.reader().get_database_backend(), select);
        let row = self.reader().query_one_raw(select).await?;
        let micros = row.map(|row| row.try_get("", "micros")).transpose()?;
        micros.and_then(from_micros).ok_or_else(|| sql::unreadable("now()"))
    }
}
