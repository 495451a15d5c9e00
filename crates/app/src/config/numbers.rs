//! Which numbers a setting may be, where its type allows more than makes sense: by the unit that its name ends in, and
//! by whether nothing is a sensible amount of it.

use figment::Figment;
use figment::value::{Dict, Value};

use super::refusal::{readable, refused, unusable};

/// Settings that may be 0. The example says what it means there.
const MAY_BE_ZERO: [&str; 31] = [
    "port",
    "workers",
    "auth.password_queue",
    "mail.pause_ms",
    "mcp.commit_after_ms",
    "mcp.idle_poll_us",
    "mcp.max_listens_per_user",
    "mcp.max_parked_per_user",
    "metrics.port",
    "relay.drain_secs",
    "relay.lane_queue",
    "relay.lane_wait_secs",
    "relay.legacy_list_ttl_secs",
    "relay.list_deadline_secs",
    "relay.settled_secs",
    "retention.audit_days",
    "retention.calls_days",
    "retention.usage_days_days",
    "retention.usage_hours_days",
    "retention.usage_minutes_days",
    "supervisor.log_disk.log_bytes",
    "supervisor.log_disk.total_bytes",
    "supervisor.orphan_grace_ms",
    "upstream.http.breaker.failures",
    "upstream.http.max_idle",
    "upstream.http.response_timeout_ms",
    "upstream.progress_queue",
    "upstream.stdio.gather_above",
    "upstream.stdio.stop_grace_ms",
    // With all below them.
    "limits.default",
    "limits.max",
];

/// Settings of which a little is as good as nothing.
const LEAST: [(&str, u64); 1] = [
    // Room is kept for calls that have begun: in less than this none could be put on record.
    ("journal.max_bytes", 1024 * 1024),
];

/// Ten years: longer waits nobody, and clocks cannot count for ever.
const LONGEST_SECS: u64 = 10 * 365 * 24 * 60 * 60;

/// The largest number of a setting, by the end of its name.
const LARGEST: [(&str, u64); 9] = [
    ("_ms", LONGEST_SECS * 1000),
    ("_secs", LONGEST_SECS),
    ("_seconds", LONGEST_SECS),
    ("_minutes", LONGEST_SECS / 60),
    ("_hours", LONGEST_SECS / 3600),
    ("_days", 36_500),
    ("bytes", 1 << 50),
    // Each has its place in memory, used or not.
    ("max_connections", 1000),
    ("workers", 1024),
];

/// Of everything else.
const MOST: u64 = u32::MAX as u64;

/// Refuses what is out of range, in all that was set.
pub(super) fn check(figment: &Figment) -> anyhow::Result<()> {
    let mut refusals = Vec::new();
    let settings: Dict = figment.extract().map_err(|error| readable(figment, error))?;
    look_into(figment, &settings, &mut Vec::new(), &mut refusals);
    if refusals.is_empty() { Ok(()) } else { Err(unusable(refusals.into_iter())) }
}

fn look_into(figment: &Figment, table: &Dict, path: &mut Vec<String>, refusals: &mut Vec<String>) {
    for (name, value) in table {
        path.push(name.clone());
        if let Value::Dict(_, table) = value {
            look_into(figment, table, path, refusals);
        } else if let Value::Num(tag, number) = value {
            let (least, most) = range(&path.join("."));
            // What fits in neither is no whole number, and its type has refused it.
            let whole = number.to_i128().or_else(|| number.to_u128().and_then(|number| i128::try_from(number).ok()));
            if let Some(number) = whole.filter(|number| !(i128::from(least)..=i128::from(most)).contains(number)) {
                let wrong = format!("{number} is not a whole number from {least} to {most}");
                refusals.push(refused(path, figment.get_metadata(*tag), &wrong));
            }
        }
        path.pop();
    }
}

fn range(path: &str) -> (u64, u64) {
    let rest = |listed: &&str| path.strip_prefix(*listed);
    let is_listed = MAY_BE_ZERO.iter().filter_map(rest).any(|rest| rest.is_empty() || rest.starts_with('.'));
    let least = LEAST.iter().find(|(name, _)| *name == path).map_or(u64::from(!is_listed), |(_, least)| *least);
    let most = LARGEST.iter().find(|(end, _)| path.ends_with(end)).map_or(MOST, |(_, most)| *most);
    (least, most)
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use figment::providers::{Format, Toml};

    use super::{MAY_BE_ZERO, check};

    fn refusal(text: &str) -> Option<String> {
        check(&Figment::from(Toml::string(text))).err().map(|error| error.to_string())
    }

    #[test]
    fn refuses_nothing_where_something_is_needed_and_what_no_clock_can_count() {
        for (text, expected) in [
            ("[relay]\npage_items = 0", "relay.page_items: 0 is not a whole number from 1 to 4294967295"),
            ("[relay]\ncheck_secs = 0", "relay.check_secs: 0 is not a whole number from 1 to 315360000"),
            (
                "[upstream]\nhandshake_timeout_ms = 9223372036854775807",
                "upstream.handshake_timeout_ms: 9223372036854775807 is not a whole number from 1 to 315360000000",
            ),
            (
                "[journal]\nmax_bytes = 1048575",
                "journal.max_bytes: 1048575 is not a whole number from 1048576 to 1125899906842624",
            ),
            ("[database]\nmax_connections = 0", "database.max_connections: 0 is not a whole number from 1 to 1000"),
            (
                "[database]\nacquire_timeout_ms = 0",
                "database.acquire_timeout_ms: 0 is not a whole number from 1 to 315360000000",
            ),
            ("workers = 100000", "workers: 100000 is not a whole number from 0 to 1024"),
        ] {
            assert_eq!(refusal(text), Some(format!("the configuration cannot be used: {expected}")), "{text}");
        }
        let both = refusal("[mcp]\nmax_sessions = 0\nmax_body_bytes = 0").expect("two refusals");
        assert!(both.contains("mcp.max_body_bytes: 0") && both.contains("mcp.max_sessions: 0"), "{both}");
    }

    #[test]
    fn lets_nothing_be_where_it_has_a_meaning() {
        for name in MAY_BE_ZERO {
            assert_eq!(refusal(&format!("{name} = 0")), None, "{name}");
        }
        assert_eq!(refusal("limits.max.memory_mib = 0"), None);
        assert_eq!(refusal("journal.max_bytes = 1048576"), None);
    }
}
