//! Times as the databases keep them: UTC, whole microseconds. PostgreSQL would cut the rest off anyway, SQLite not.

use orch_domain::Timestamp;
use time::{PrimitiveDateTime, UtcOffset};

pub(crate) fn stored(at: Timestamp) -> Timestamp {
    // An offset can lead out of the calendar; the nearest time that there is stands for it.
    let end = || match at.year() {
        ..=0 => PrimitiveDateTime::MIN,
        _ => PrimitiveDateTime::MAX,
    };
    let at = at.checked_to_offset(UtcOffset::UTC).unwrap_or_else(|| end().assume_utc());
    at.truncate_to_microsecond()
}

/// Microseconds since 1970.
pub(crate) fn to_micros(at: Timestamp) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

/// None when it is outside of what a calendar can show.
pub(crate) fn from_micros(micros: i64) -> Option<Timestamp> {
    Timestamp::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::stored;

    #[test]
    fn stores_the_ends_of_the_calendar() {
        assert_eq!(stored(datetime!(9999-12-31 23:59:59 -23:59)), datetime!(9999-12-31 23:59:59.999999 UTC));
        assert_eq!(stored(datetime!(-9999-01-01 0:00 +23:59)), datetime!(-9999-01-01 0:00 UTC));
        assert_eq!(stored(datetime!(2030-01-31 9:00:00.1234567 +9)), datetime!(2030-01-31 0:00:00.123456 UTC));
    }
}
