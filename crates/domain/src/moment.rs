//! Points in time that somebody names: which are taken, and in which form.

use std::ops::RangeInclusive;

use time::UtcOffset;

use crate::Timestamp;

/// The years of UTC that are taken. Nothing here is older than the first; RFC 3339 cannot write what comes after the
/// last, and some way has to be left to count on in both directions.
pub const YEARS: RangeInclusive<i32> = 1970..=9999;

/// The point in time as it is stored and shown: in UTC, in whole microseconds. None outside of [`YEARS`].
#[must_use]
pub fn taken(at: Timestamp) -> Option<Timestamp> {
    let at = at.checked_to_offset(UtcOffset::UTC)?;
    YEARS.contains(&at.year()).then(|| at.truncate_to_microsecond())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::taken;

    #[test]
    fn moments_are_in_utc_and_whole_microseconds() {
        let sent = datetime!(2030-01-31 09:00:00.123456789 +9);
        let at = taken(sent).unwrap();
        assert_eq!(at.offset(), time::UtcOffset::UTC);
        assert_eq!((at.hour(), at.nanosecond()), (0, 123_456_000));
    }

    #[test]
    fn years_are_counted_in_utc() {
        for (at, is_taken) in [
            (datetime!(1970-01-01 0:00 UTC), true),
            (datetime!(1970-01-01 0:30 +1), false),
            (datetime!(1969-12-31 23:30 -1), true),
            (datetime!(9999-12-31 23:59:59 UTC), true),
            (datetime!(9999-12-31 23:59:59 -23:59), false),
            (datetime!(0000-01-01 0:00 UTC), false),
        ] {
            assert_eq!(taken(at).is_some(), is_taken, "{at}");
        }
    }
}
