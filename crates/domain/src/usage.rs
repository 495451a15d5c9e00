//! Usage: calls summed up over time. Owns the slots of latency and the arithmetic over them; who stores the sums is
//! behind [`UsageRepo`](crate::port::usage_repo::UsageRepo).

use std::time::Duration;

use crate::Timestamp;
use crate::call::{CallKind, Outcome};
use crate::id::{KeyId, ProjectId, ServerId, UserId};
use crate::words::words;

/// Upper bounds of the slots of latency, in milliseconds; the last slot has none.
pub const SLOT_BOUNDS_MS: [f64; SLOTS - 1] = [
    0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 50.0, 80.0, 120.0, 200.0, 300.0, 500.0, 800.0, 1200.0, 2000.0,
    5000.0, 10_000.0, 30_000.0,
];
pub const SLOTS: usize = 22;

/// The sum of some calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    pub calls: u64,
    /// Calls that did not end well, whoever's fault it was.
    pub errors: u64,
    pub total: Duration,
    pub longest: Duration,
    /// Calls by their latency; see [`SLOT_BOUNDS_MS`].
    pub slots: [u64; SLOTS],
}

impl Figures {
    pub fn add_call(&mut self, duration: Duration, outcome: Outcome) {
        self.calls += 1;
        self.errors += u64::from(outcome != Outcome::Ok);
        self.total += duration;
        self.longest = self.longest.max(duration);
        if let Some(slot) = self.slots.get_mut(slot_of(duration)) {
            *slot += 1;
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
        for (slot, more) in self.slots.iter_mut().zip(other.slots) {
            *slot += more;
        }
    }

    /// None without calls.
    #[must_use]
    pub fn average(&self) -> Option<Duration> {
        let calls = u32::try_from(self.calls).ok().filter(|calls| *calls > 0)?;
        Some(self.total / calls)
    }

    /// The latency that `share` of the calls did not exceed, such as 0.95; estimated within the slot it falls into.
    /// None without calls.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let all: u64 = self.slots.iter().sum();
        if all == 0 {
            return None;
        }
        let wanted = share.clamp(0.0, 1.0) * all as f64;
        let longest = self.longest.as_secs_f64() * 1000.0;
        let (mut below, mut seen) = (0.0, 0.0);
        for (count, bound) in self.slots.iter().zip(SLOT_BOUNDS_MS.into_iter().chain([f64::INFINITY])) {
            let (before, upper) = (seen, bound.min(longest));
            seen += *count as f64;
            if *count > 0 && seen >= wanted {
                let part = ((wanted - before) / *count as f64).clamp(0.0, 1.0);
                let ms = (below + (upper - below).max(0.0) * part).min(longest);
                return Some(Duration::from_secs_f64(ms / 1000.0));
            }
            below = bound;
        }
        Some(self.longest)
    }
}

/// The slot that a latency is counted in.
#[must_use]
pub fn slot_of(duration: Duration) -> usize {
    let ms = duration.as_secs_f64() * 1000.0;
    SLOT_BOUNDS_MS.partition_point(|bound| *bound < ms)
}

words! {
    /// How long the spans are that calls are summed up over.
    Step {
        Minute = "minute",
        Hour = "hour",
        Day = "day",
    }
}

impl Step {
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        }
    }

    /// The finest step with which a span has no more points than a chart shows.
    #[must_use]
    pub fn fitting(span: Duration) -> Self {
        match span.as_secs() {
            0..=21_600 => Self::Minute,
            21_601..=1_209_600 => Self::Hour,
            _ => Self::Day,
        }
    }

    /// The begin of the span that `at` is in, as seconds since 1970.
    #[must_use]
    pub fn floor(self, at: Timestamp) -> i64 {
        let seconds = at.unix_timestamp();
        seconds - seconds.rem_euclid(self.seconds())
    }
}

words! {
    /// What calls are told apart by.
    Dimension {
        Project = "project",
        Server = "server",
        Tool = "tool",
        User = "user",
        Key = "key",
        Client = "client",
    }
}

/// One thing whose calls are summed up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Item {
    Project,
    /// None for calls to servers that were not found.
    Server(Option<ServerId>),
    /// A tool, prompt or resource of a server.
    Tool {
        server: Option<ServerId>,
        kind: CallKind,
        name: String,
    },
    User(UserId),
    /// None for calls without a key.
    Key(Option<KeyId>),
    Client(String),
    /// What came after so many others of its dimension that it is not told apart any more.
    Other(Dimension),
}

impl Item {
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        match self {
            Self::Project => Dimension::Project,
            Self::Server(_) => Dimension::Server,
            Self::Tool { .. } => Dimension::Tool,
            Self::User(_) => Dimension::User,
            Self::Key(_) => Dimension::Key,
            Self::Client(_) => Dimension::Client,
            Self::Other(dimension) => *dimension,
        }
    }

    /// What a call counts for.
    #[must_use]
    pub fn all_of(call: &crate::call::Call) -> [Self; 6] {
        // What leads nowhere counts for nobody's server, or sums would tell of servers that are hidden.
        let server = call.server_counted();
        [
            Self::Project,
            Self::Server(server),
            Self::Tool { server, kind: call.kind, name: call.target.clone() },
            Self::User(call.user_id),
            Self::Key(call.key_id),
            Self::Client(call.client.to_string()),
        ]
    }
}

/// From when on and until when, and how finely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: Timestamp,
    pub until: Timestamp,
    pub step: Step,
}

/// One point of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The begin of the step.
    pub at: Timestamp,
    pub figures: Figures,
}

/// One line of a list of the most used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    pub item: Item,
    /// The name when it was last called: of a server its alias. Empty for users and keys, whose names may change.
    pub label: String,
    pub figures: Figures,
}

/// Whose series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesQuery {
    pub project: ProjectId,
    pub item: Item,
    pub span: Span,
}

/// The most used of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopQuery {
    pub project: ProjectId,
    pub by: Dimension,
    /// Only tools of this server.
    pub server: Option<ServerId>,
    pub span: Span,
    pub limit: u32,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Figures, SLOT_BOUNDS_MS, SLOTS, Step, slot_of};
    use crate::call::Outcome;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn slots_cover_every_latency() {
        assert!(SLOT_BOUNDS_MS.is_sorted());
        assert_eq!(slot_of(Duration::ZERO), 0);
        assert_eq!(slot_of(ms(1)), 1);
        assert_eq!(slot_of(Duration::MAX), SLOTS - 1);
    }

    #[test]
    fn percentiles_are_near_the_true_ones() {
        let mut figures = Figures::default();
        for n in 1..=1000 {
            figures.add_call(ms(n), if n % 10 == 0 { Outcome::Timeout } else { Outcome::Ok });
        }
        assert_eq!((figures.calls, figures.errors), (1000, 100));
        for (share, truth) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0)] {
            let found = figures.quantile(share).expect("a latency").as_secs_f64() * 1000.0;
            assert!((found - truth).abs() / truth < 0.1, "{share}: {found}, not {truth}");
        }
        assert_eq!(figures.quantile(1.0), Some(ms(1000)), "never beyond the longest");
        assert_eq!(figures.average(), Some(Duration::from_micros(500_500)));
        assert_eq!(Figures::default().quantile(0.5), None);
    }

    #[test]
    fn sums_do_not_care_for_their_order() {
        let (mut one, mut two, mut both) = (Figures::default(), Figures::default(), Figures::default());
        for n in 0..50 {
            both.add_call(ms(n), Outcome::Ok);
            if n % 2 == 0 { &mut one } else { &mut two }.add_call(ms(n), Outcome::Ok);
        }
        one.add(&two);
        assert_eq!(one, both);
    }

    #[test]
    fn a_step_begins_where_its_clock_says() {
        let at = time::macros::datetime!(2026-01-02 03:04:05 UTC);
        let floor = |step: Step| crate::Timestamp::from_unix_timestamp(step.floor(at)).expect("a time");
        assert_eq!(floor(Step::Minute), time::macros::datetime!(2026-01-02 03:04 UTC));
        assert_eq!(floor(Step::Hour), time::macros::datetime!(2026-01-02 03:00 UTC));
        assert_eq!(floor(Step::Day), time::macros::datetime!(2026-01-02 00:00 UTC));
        assert_eq!(Step::fitting(Duration::from_secs(3600)), Step::Minute);
        assert_eq!(Step::fitting(Duration::from_secs(7 * 24 * 3600)), Step::Hour);
        assert_eq!(Step::fitting(Duration::from_secs(90 * 24 * 3600)), Step::Day);
    }
}
