//! Times and lengths of time as people write and read them.

use std::time::Duration;

use anyhow::{Context, bail};
use orch_app::domain::{Timestamp, moment};
use time::format_description::well_known::Rfc3339;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// A length of time such as `90d`, `12h`, `30m` or `45s`.
pub(crate) fn parse_duration(text: &str) -> anyhow::Result<Duration> {
    let unit = match text.chars().next_back() {
        Some('d') => DAY,
        Some('h') => HOUR,
        Some('m') => 60,
        Some('s') => 1,
        _ => bail!("write a number and a unit of d, h, m or s, such as 90d"),
    };
    let count: u64 = text.get(..text.len() - 1).unwrap_or_default().parse().context("write a number, such as 90d")?;
    count.checked_mul(unit).map(Duration::from_secs).context("that is too long")
}

/// When a thing ends: a length of time from now, or a point in time in RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    After(Duration),
    At(Timestamp),
}

impl End {
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        if let Ok(at) = Timestamp::parse(text, &Rfc3339) {
            let (first, last) = (moment::YEARS.start(), moment::YEARS.end());
            let at = moment::taken(at).with_context(|| format!("write a time of the years {first} to {last}"))?;
            return Ok(Self::At(at));
        }
        parse_duration(text).map(Self::After).context("write 90d, 12h or a time such as 2030-01-31T00:00:00Z")
    }

    /// None when the end lies beyond all calendars.
    pub(crate) fn from(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::After(duration) => now.checked_add(duration.try_into().ok()?).and_then(moment::taken),
        }
    }
}

/// `2026-01-31 12:00:00`, in UTC.
pub(crate) fn shown(at: Timestamp) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{date} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// How long it has been, such as `5m ago`; in the largest unit.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = u64::try_from((now - at).whole_seconds()).unwrap_or(0);
    let (count, unit) = match seconds {
        DAY.. => (seconds / DAY, 'd'),
        HOUR.. => (seconds / HOUR, 'h'),
        60.. => (seconds / 60, 'm'),
        _ => (seconds, 's'),
    };
    format!("{count}{unit} ago")
}

/// As [`shown`], or a dash.
pub(crate) fn shown_or_dash(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), shown)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{End, ago, parse_duration, shown};

    #[test]
    fn reads_lengths_of_time() {
        for (text, seconds) in [("90d", 7_776_000), ("12h", 43_200), ("30m", 1800), ("45s", 45)] {
            assert_eq!(parse_duration(text).ok(), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "d", "90", "-1d", "1w", "99999999999999999999d", "999999999999999999d", "9é"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn says_how_long_ago() {
        let now = time::macros::datetime!(2026-01-01 0:00 UTC);
        for (seconds, expected) in
            [(-5, "0s ago"), (0, "0s ago"), (59, "59s ago"), (60, "1m ago"), (7199, "1h ago"), (200_000, "2d ago")]
        {
            assert_eq!(ago(now - time::Duration::seconds(seconds), now), expected);
        }
    }

    #[test]
    fn reads_points_in_time() {
        let end = End::parse("2030-01-31T01:02:03Z").expect("a time");
        let now = time::macros::datetime!(2026-01-01 0:00 UTC);
        assert_eq!(end.from(now).map(shown), Some("2030-01-31 01:02:03".to_owned()));
        assert_eq!(
            End::parse("1d").ok().and_then(|end| end.from(now)).map(shown),
            Some("2026-01-02 00:00:00".to_owned())
        );
        assert!(End::parse("tomorrow").is_err());
        assert!(End::parse("9999-12-31T23:59:59-23:59").is_err());
        assert_eq!(End::parse("2030-01-31T09:00:00+09:00").ok(), End::parse("2030-01-31T00:00:00Z").ok());
    }
}
