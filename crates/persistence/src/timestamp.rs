//! Times as the databases keep them: UTC, whole microseconds. PostgreSQL would cut the rest off anyway, SQLite not.

use orch_domain::Timestamp;
use time::UtcOffset;

pub(crate) fn stored(at: Timestamp) -> Timestamp {
    let at = at.to_offset(UtcOffset::UTC);
    at.replace_nanosecond(at.microsecond() * 1000).unwrap_or(at)
}

/// Microseconds since 1970.
pub(crate) fn to_micros(at: Timestamp) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

/// None when it is outside of what a calendar can show.
pub(crate) fn from_micros(micros: i64) -> Option<Timestamp> {
    Timestamp::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok()
}
