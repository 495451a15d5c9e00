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
        let (until, now) = (httpdate::parse_http_date(value).ok()?, httpdate::parse_http_date(text(DATE)?).ok()?);
        Some(until.duration_since(now).unwrap_or_default().as_secs())
    });
    match seconds {
        Some(seconds) => (Some(Duration::from_secs(seconds)), format!(", try again after {seconds} s")),
        None => (None, format!(", try again after {}", excerpt(value.as_bytes()))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;
    use http::header::{DATE, HeaderValue, RETRY_AFTER};

    use super::read;

    #[test]
    fn a_time_is_a_number_where_it_can_be_one() {
        const AT: &str = "Sat, 28 Nov 2026 07:00:00 GMT";
        for (retry_after, date, seconds, words) in [
            ("7", "", Some(7), ", try again after 7 s"),
            (AT, "Sat, 28 Nov 2026 06:58:30 GMT", Some(90), ", try again after 90 s"),
            (AT, "Sat, 28 Nov 2026 07:00:01 GMT", Some(0), ", try again after 0 s"),
            // The forms that servers must not write any more.
            ("Saturday, 28-Nov-26 07:01:00 GMT", AT, Some(60), ", try again after 60 s"),
            ("Sat Nov 28 07:01:00 2026", AT, Some(60), ", try again after 60 s"),
            (AT, "Sat, 28 Nov 2026 06:58:30 CET", None, ", try again after Sat, 28 Nov 2026 07:00:00 GMT"),
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
