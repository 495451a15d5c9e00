//! Owns the figures of one row: a sample per round, and their medians.
//! Never compares rows.

use std::time::Duration;

use serde::Serialize;

use crate::load::Outcome;
use crate::row::Row;

/// Processor time spent during one sample.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) load: Duration,
    pub(crate) between: Duration,
    pub(crate) upstream: Duration,
}

/// What one row reached with one number of sessions, over all rounds.
pub(crate) struct Samples {
    row: Row,
    sessions: u64,
    throughput: Vec<f64>,
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
    max_us: f64,
    calls: u64,
    all_calls: u64,
    errors: u64,
    spent: Spent,
}

/// Medians over the rounds; the maximum is the maximum of all.
#[derive(Clone, Serialize)]
pub(crate) struct Figures {
    pub(crate) row: Row,
    pub(crate) sessions: u64,
    pub(crate) calls: u64,
    pub(crate) throughput: f64,
    /// The best round's throughput divided by the worst one's.
    pub(crate) spread: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) max_us: f64,
    pub(crate) errors: u64,
    /// Processor time per call, of each part.
    pub(crate) load_cpu_us: f64,
    pub(crate) between_cpu_us: f64,
    pub(crate) upstream_cpu_us: f64,
}

impl Samples {
    pub(crate) fn new(row: Row, sessions: u64) -> Self {
        Self {
            row,
            sessions,
            throughput: Vec::new(),
            p50_us: Vec::new(),
            p99_us: Vec::new(),
            max_us: 0.0,
            calls: 0,
            all_calls: 0,
            errors: 0,
            spent: Spent::default(),
        }
    }

    pub(crate) fn row(&self) -> Row {
        self.row
    }

    pub(crate) fn sessions(&self) -> u64 {
        self.sessions
    }

    pub(crate) fn add(&mut self, outcome: &Outcome, spent: Spent) {
        let summary = outcome.summary();
        self.throughput.push(summary.throughput);
        self.p50_us.push(summary.p50_us);
        self.p99_us.push(summary.p99_us);
        self.max_us = self.max_us.max(summary.max_us);
        self.calls += summary.calls;
        self.all_calls += outcome.all_calls;
        self.errors += summary.errors;
        self.spent.load += spent.load;
        self.spent.between += spent.between;
        self.spent.upstream += spent.upstream;
    }

    /// `None` when not one round was measured.
    pub(crate) fn figures(&self) -> Option<Figures> {
        let calls = self.all_calls.max(1) as f64;
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / calls;
        Some(Figures {
            row: self.row,
            sessions: self.sessions,
            calls: self.calls,
            throughput: median(&self.throughput)?,
            spread: spread(&self.throughput),
            p50_us: median(&self.p50_us)?,
            p99_us: median(&self.p99_us)?,
            max_us: self.max_us,
            errors: self.errors,
            load_cpu_us: each(self.spent.load),
            between_cpu_us: each(self.spent.between),
            upstream_cpu_us: each(self.spent.upstream),
        })
    }
}

fn spread(values: &[f64]) -> f64 {
    let best = values.iter().copied().fold(f64::MIN, f64::max);
    let worst = values.iter().copied().fold(f64::MAX, f64::min);
    if worst > 0.0 { best / worst } else { f64::INFINITY }
}

pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied()?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    sorted.get(middle.wrapping_sub(1)).map(|lower| f64::midpoint(*lower, upper))
}

#[cfg(test)]
mod tests {
    use super::{median, spread};

    #[test]
    fn the_spread_compares_best_and_worst() {
        assert_eq!(spread(&[3.0, 6.0, 4.0]), 2.0);
        assert_eq!(spread(&[3.0, 0.0]), f64::INFINITY);
    }

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }
}
