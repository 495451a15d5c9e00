//! `Retry-After` of a server that is busy: seconds or a date. A date is counted from the response's own `Date`, as the
//! server's clock need not be ours.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};

use crate::excerpt::excerpt;

/// How long to wait, and the same in words. What cannot be read as a time is words alone.
pub(super) fn read(headers: &HeaderMap) -> (Option<Duration>, String) {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let Some(value) = text(RETRY_AFTER) else { return (None, String::new()) };
    let seconds = value.parse().ok().or_else(|| {
        let (until, now) = (seconds_of(value)?, seconds_of(text(DATE)?)?);
        Some(until.saturating_sub(now))
    });
    match seconds {
        Some(seconds) => (Some(Duration::from_secs(seconds)), format!(", try again after {seconds} s")),
        None => (None, format!(", try again after {}", excerpt(value.as_bytes()))),
    }
}

/// Seconds since 1970 of a date as HTTP writes it, such as `Sat, 28 Nov 2026 07:00:00 GMT`. The two forms that servers
/// must not write any more are not read.
fn seconds_of(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let (_, date) = date.split_once(", ")?;
    let mut parts = date.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (time, zone) = (parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let mut clock = time.splitn(3, ':').map(str::parse::<u64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    let is_possible = (1..=31).contains(&day) && (1970..10_000).contains(&year) && hour < 24 && minute < 60;
    // A leap second is the sixtieth.
    if !is_possible || second > 60 || zone != "GMT" || parts.next().is_some() {
        return None;
    }
    let leap_days_before = |year: u64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let is_leap = leap_days_before(year + 1) > leap_days_before(year);
    let leap_day = u64::from(is_leap && month > 1);
    let days =
        (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970) + BEFORE.get(month)? + leap_day + day - 1;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;
    use http::header::{DATE, HeaderValue, RETRY_AFTER};

    use super::{read, seconds_of};

    #[test]
    fn dates_are_those_of_http() {
        for (date, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Tue, 29 Feb 2000 23:59:60 GMT", Some(951_868_800)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Sat, 28 Nov 2026 07:00:00 GMT", Some(1_795_849_200)),
            ("Mon, 01 Mar 2100 00:00:00 GMT", Some(4_107_542_400)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun Nov  6 08:49:37 1994", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994 24:49:37 GMT", None),
            ("Sun, 32 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
            ("", None),
        ] {
            assert_eq!(seconds_of(date), seconds, "{date}");
        }
    }

    #[test]
    fn a_time_is_a_number_where_it_can_be_one() {
        const AT: &str = "Sat, 28 Nov 2026 07:00:00 GMT";
        for (retry_after, date, seconds, words) in [
            ("7", "", Some(7), ", try again after 7 s"),
            (AT, "Sat, 28 Nov 2026 06:58:30 GMT", Some(90), ", try again after 90 s"),
            (AT, "Sat, 28 Nov 2026 07:00:01 GMT", Some(0), ", try again after 0 s"),
            (AT, "", None, ", try again after Sat, 28 Nov 2026 07:00:00 GMT"),
            ("soon", AT, None, ", try again after soon"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
            headers.insert(DATE, HeaderValue::from_static(date));
            assert_eq!(read(&headers), (seconds.map(Duration::from_secs), words.to_owned()), "{retry_after}, {date}");
        }
        assert_eq!(read(&HeaderMap::new()), (None, String::new()));
    }
}
