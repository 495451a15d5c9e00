//! What has to be done now and then: checkpoints of the audit chains, the taking away of what is older than it has to be
//! kept, and a look whether the clocks of the hosts are in step. Each worker tries again at its next turn when it fails.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use orch_domain::error::StoreError;
use orch_domain::port::clock::Clock;
use orch_domain::usage::Step;
use orch_persistence::{AnchorFile, Checkpoint, Cut, Database, Pruned, SeaAuditChain, SeaUsageRepo};
use serde::Deserialize;
use tokio::time::{MissedTickBehavior, interval};

use crate::probe::Workers;

const CHECKPOINTS: &str = "audit_checkpoints";
const RETENTION: &str = "retention";
const CLOCK: &str = "clock";
/// How often this host's clock is compared with the database's.
const COMPARED_EVERY: Duration = Duration::from_secs(60);
/// A clock that is off by less is in step. Two hosts that are, one ahead and one behind, still take each other's access
/// tokens.
const IN_STEP: Duration = Duration::from_secs(10);
/// No segment of the journal waits for so many days.
const SEGMENT_DAYS: u32 = 90;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long what is recorded is kept, in days; 0 keeps it for ever.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSettings {
    /// Single calls. Their sums are kept longer.
    pub calls_days: u32,
    /// Audit entries.
    pub audit_days: u32,
    /// Sums of calls by the minute, the hour and the day.
    pub usage_minutes_days: u32,
    pub usage_hours_days: u32,
    pub usage_days_days: u32,
    /// How often it is looked for what is too old.
    pub every_minutes: u32,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self {
            calls_days: 90,
            audit_days: 0,
            usage_minutes_days: 3,
            usage_hours_days: 120,
            usage_days_days: 1100,
            every_minutes: 60,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSettings {
    /// How often the ends of the audit chains are signed and put down, also in a file in the data directory.
    pub checkpoint_secs: u64,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self { checkpoint_secs: 60 }
    }
}

pub(crate) struct Upkeep {
    pub(crate) database: Database,
    pub(crate) chain: SeaAuditChain,
    pub(crate) usage: SeaUsageRepo,
    pub(crate) anchors: AnchorFile,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) retention: RetentionSettings,
    pub(crate) audit: AuditSettings,
}

impl Upkeep {
    /// Runs until it is aborted.
    pub(crate) async fn run(self: Arc<Self>) {
        for name in [CHECKPOINTS, RETENTION, CLOCK] {
            self.workers.expect(name);
        }
        let mut checkpoints = interval(Duration::from_secs(self.audit.checkpoint_secs.max(1)));
        let mut retention = interval(Duration::from_secs(u64::from(self.retention.every_minutes.max(1)) * 60));
        let mut clocks = interval(COMPARED_EVERY);
        clocks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        checkpoints.set_missed_tick_behavior(MissedTickBehavior::Delay);
        retention.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = checkpoints.tick() => {
                    let done = self.checkpoint().await;
                    self.note(CHECKPOINTS, done.map(|_| ()).map_err(|error| format!("{error:#}")));
                }
                _ = retention.tick() => {
                    let done = self.retain().await;
                    self.note(RETENTION, done.map_err(|error| format!("{error:#}")));
                }
                _ = clocks.tick() => {
                    let compared = self.database.compare_clocks(&*self.clock).await;
                    self.note(CLOCK, told(compared));
                }
            }
        }
    }

    /// Puts down where the chains end now, in the database and in the file.
    pub(crate) async fn checkpoint(&self) -> anyhow::Result<usize> {
        let made = self.chain.checkpoint().await?;
        let count = made.len();
        self.put_down(made).await?;
        Ok(count)
    }

    /// In the file.
    async fn put_down(&self, checkpoints: Vec<Checkpoint>) -> anyhow::Result<()> {
        let file = self.anchors.clone();
        tokio::task::spawn_blocking(move || file.append(&checkpoints)).await?.context("the file of checkpoints")
    }

    async fn retain(&self) -> anyhow::Result<()> {
        let RetentionSettings { calls_days, audit_days, .. } = self.retention;
        let today = self.database.cut(self.clock.now()).await?;
        let (mut calls, mut entries) = (Pruned::default(), Pruned::default());
        if let Some(until) = before(today, calls_days) {
            calls = self.chain.prune_calls(until).await?;
        }
        if let Some(until) = before(today, audit_days) {
            entries = self.chain.prune_entries(until).await?;
        }
        let marks = [calls.marks, entries.marks].concat();
        self.put_down(marks).await?;
        self.chain.forget_segments(today.back(DAY.saturating_mul(SEGMENT_DAYS))).await?;
        let steps = [
            (Step::Minute, self.retention.usage_minutes_days),
            (Step::Hour, self.retention.usage_hours_days),
            (Step::Day, self.retention.usage_days_days),
        ];
        for (step, days) in steps {
            if let Some(until) = before(today, days) {
                self.usage.prune(step, until).await?;
            }
        }
        let (damaged, calls, entries) = (calls.damaged + entries.damaged, calls.taken, entries.taken);
        if calls > 0 || entries > 0 {
            tracing::info!(calls, entries, "took away what was older than it is kept");
        }
        if damaged > 0 {
            anyhow::bail!(
                "{damaged} chains of the record are not what was written, and nothing more is taken away from them; run: \
                 orch-admin audit verify"
            );
        }
        Ok(())
    }

    fn note(&self, name: &'static str, outcome: Result<(), String>) {
        if let Err(error) = &outcome {
            tracing::warn!(worker = name, error = %error, "a worker failed, it tries again at its next turn");
        }
        self.workers.note(name, &*self.clock, outcome.err());
    }
}

/// What comes of a comparison with the database's clock.
fn told(compared: Result<time::Duration, StoreError>) -> Result<(), String> {
    // Why it could not be asked is all in the causes.
    compared.map_err(|error| format!("{:#}", anyhow::Error::from(error))).and_then(in_step)
}

/// Whether a clock that is so far ahead of the database's, or behind, is in step with it.
fn in_step(ahead: time::Duration) -> Result<(), String> {
    let off = ahead.unsigned_abs();
    if off <= IN_STEP {
        return Ok(());
    }
    let (seconds, way) = (off.as_secs(), if ahead.is_negative() { "behind" } else { "ahead of" });
    Err(format!(
        "the clock of this host is {seconds} s {way} the database's: have every host, and the database's, set by NTP; until \
         then replicas may refuse each other's access tokens, and links and keys expire at the wrong time"
    ))
}

/// Before when something is too old; None when it is kept for ever.
fn before(today: Cut, days: u32) -> Option<Cut> {
    (days > 0).then(|| today.back(DAY.saturating_mul(days)))
}

#[cfg(test)]
mod tests {
    use orch_domain::error::StoreError;

    use super::told;

    #[test]
    fn a_clock_that_is_off_is_told_of() {
        let check = |ahead| told(Ok(time::Duration::milliseconds(ahead)));
        for ahead in [0, 10_000, -10_000] {
            assert_eq!(check(ahead), Ok(()), "{ahead}");
        }
        for (ahead, expected) in
            [(95_500, "is 95 s ahead of the database's"), (-10_001, "is 10 s behind the database's")]
        {
            let error = check(ahead).expect_err("it is off");
            assert!(error.contains(expected) && error.contains("NTP"), "{error}");
        }
    }

    #[test]
    fn a_clock_that_could_not_be_asked_is_told_of_with_the_reason() {
        let error = StoreError::Unavailable { doing: "asking for the time", source: "it took 3 s".into() };
        let error = told(Err(error)).expect_err("it is not known");
        assert_eq!(error, "the database is not available while asking for the time: it took 3 s");
    }
}
