//! Owns the closed loop over HTTP: sessions that call, wait, verify, and call again.
//! Never says what a figure means.

mod answer;
mod call;
mod session;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;
use tokio::task::JoinSet;

pub(crate) use self::answer::Verifier;
pub(crate) use self::call::{Call, Shape};
pub(crate) use self::session::{Dialect, Session, Target};

use crate::histogram::Histogram;

/// How long the last answers may take after the time is up.
const GRACE: Duration = Duration::from_secs(15);
/// The most a run bounded by calls may take.
const CALLS_LIMIT: Duration = Duration::from_secs(600);
/// A session that fails this often says nothing new.
const MAX_ERRORS: u64 = 20;

pub(crate) struct Plan {
    pub(crate) target: Target,
    pub(crate) sessions: u64,
    pub(crate) bound: Bound,
    pub(crate) shape: Shape,
}

#[derive(Clone, Copy)]
pub(crate) enum Bound {
    Time {
        warmup: Duration,
        measured: Duration,
    },
    /// Calls per session, all measured.
    Calls(u64),
}

impl Bound {
    /// When the run must be over, whatever happens.
    pub(crate) fn limit(self) -> Duration {
        match self {
            Self::Time { warmup, measured } => warmup + measured + GRACE,
            Self::Calls(_) => CALLS_LIMIT,
        }
    }
}

/// Which calls of a run count, and when it ends.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    from: Instant,
    until: Option<Instant>,
    calls: u64,
}

impl Window {
    pub(crate) fn starting(now: Instant, bound: Bound) -> Self {
        match bound {
            Bound::Time { warmup, measured } => {
                Self { from: now + warmup, until: Some(now + warmup + measured), calls: u64::MAX }
            }
            Bound::Calls(calls) => Self { from: now, until: None, calls },
        }
    }

    pub(crate) fn is_over(&self, now: Instant, calls: u64) -> bool {
        calls >= self.calls || self.until.is_some_and(|until| now >= until)
    }

    /// An answer counts when it arrived within the window.
    pub(crate) fn counts(&self, answered: Instant) -> bool {
        answered >= self.from && self.until.is_none_or(|until| answered < until)
    }

    fn seconds(&self, now: Instant) -> f64 {
        self.until.unwrap_or(now).duration_since(self.from).as_secs_f64()
    }
}

/// What one session or all of them saw.
pub(crate) struct Outcome {
    pub(crate) latencies: Histogram,
    /// Includes the warm-up, for the cost of a call in processor time.
    pub(crate) all_calls: u64,
    pub(crate) seconds: f64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) calls: u64,
    pub(crate) seconds: f64,
    pub(crate) throughput: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) max_us: f64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
}

impl Outcome {
    pub(crate) fn empty() -> Self {
        Self { latencies: Histogram::new(), all_calls: 0, seconds: 0.0, errors: 0, first_error: None }
    }

    pub(crate) fn fail(&mut self, error: &anyhow::Error) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{error:#}"));
    }

    pub(crate) fn finish(&mut self, window: Window) {
        self.seconds = window.seconds(Instant::now());
    }

    pub(crate) fn summary(&self) -> Summary {
        let calls = self.latencies.total();
        Summary {
            calls,
            seconds: self.seconds,
            throughput: if self.seconds > 0.0 { calls as f64 / self.seconds } else { 0.0 },
            p50_us: self.latencies.quantile_us(0.5),
            p99_us: self.latencies.quantile_us(0.99),
            max_us: self.latencies.max_us(),
            errors: self.errors,
            first_error: self.first_error.clone(),
        }
    }

    fn merge(&mut self, other: Self) {
        self.latencies.merge(&other.latencies);
        self.all_calls += other.all_calls;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

/// Opens all sessions first, so that opening is no part of the measurement.
pub(crate) async fn run(plan: &Plan) -> Result<Outcome> {
    let limit = plan.bound.limit();
    let outcome = tokio::time::timeout(limit, run_unbounded(plan)).await;
    outcome.with_context(|| format!("no end after {limit:?}: an answer never came"))?
}

async fn run_unbounded(plan: &Plan) -> Result<Outcome> {
    let sessions = open(&plan.target, &plan.shape, plan.sessions).await?;
    let window = Window::starting(Instant::now(), plan.bound);
    let mut running = JoinSet::new();
    for session in sessions {
        running.spawn(repeat(session, window));
    }
    let mut total = Outcome::empty();
    while let Some(ended) = running.join_next().await {
        total.merge(ended.context("a session's task")?);
    }
    total.finish(window);
    Ok(total)
}

/// Opens `count` sessions one after the other, each with its own connection.
pub(crate) async fn open(target: &Target, shape: &Shape, count: u64) -> Result<Vec<Session>> {
    let mut sessions = Vec::new();
    for number in 0..count {
        let session = Session::open(target, shape, number).await;
        sessions.push(session.with_context(|| format!("open session {}", number + 1))?);
    }
    Ok(sessions)
}

async fn repeat(mut session: Session, window: Window) -> Outcome {
    let mut outcome = Outcome::empty();
    let mut asked = Instant::now();
    while !window.is_over(asked, outcome.all_calls) && outcome.errors < MAX_ERRORS {
        let called = session.call().await;
        let answered = Instant::now();
        outcome.all_calls += 1;
        match called {
            Ok(()) if window.counts(answered) => outcome.latencies.record(answered - asked),
            Ok(()) => {}
            Err(error) => outcome.fail(&error),
        }
        // The next call starts where this one ended: one clock reading a call.
        asked = answered;
    }
    if let Err(error) = session.close().await {
        outcome.fail(&error.context("close the session"));
    }
    outcome
}
