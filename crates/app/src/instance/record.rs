//! The record of an instance as it is opened: the chains, calls on their way to the database, and audit entries that do
//! not wait for it.

use std::sync::Arc;

use orch_control::Control;
use orch_domain::approval::Approval;
use orch_domain::error::WithCauses;
use orch_domain::event::bus::EventBus;
use orch_domain::event::{Event, Fact};
use orch_domain::port::call_log::{CallLogError, CallRepo};
use orch_domain::port::event_sink::EventSink;
use orch_persistence::{EntryJournal, Journal, SeaAuditChain, SeaCallRepo};
use orch_relay::approvals::Approvals;
use orch_relay::fleet::Fleet;
use tokio::task::JoinHandle;

use super::ground::Ground;
use crate::call_events::ToldCalls;
use crate::entry_trail::EntryTrail;
use crate::metrics::Metrics;

pub(super) struct Record {
    pub(super) chain: SeaAuditChain,
    pub(super) calls: Arc<dyn CallRepo>,
    pub(super) metrics: Arc<Metrics>,
    /// Where calls go first.
    pub(super) journal: Arc<Journal>,
}

impl Record {
    /// Takes what an earlier version has left into the chains, and what an earlier process has left in the journal
    /// begins to be stored.
    pub(super) async fn open(ground: &Ground) -> anyhow::Result<Self> {
        let chain = SeaAuditChain::new(ground.database.clone());
        let sea_calls = SeaCallRepo::new(ground.database.clone());
        let (entries, adopted) = (chain.adopt().await?, sea_calls.adopt().await?);
        if entries > 0 || adopted > 0 {
            tracing::info!(entries, calls = adopted, "took records of an earlier version into the audit chains");
        }
        let calls: Arc<dyn CallRepo> = Arc::new(sea_calls);
        let metrics = Arc::new(Metrics::new(ground.directory()));
        let told = ToldCalls {
            inner: Arc::clone(&calls),
            events: Arc::new(ground.events.clone()),
            clock: ground.clock(),
            metrics: Arc::clone(&metrics),
        };
        let journal = Journal::open(ground.settings.journal(), Arc::new(told), ground.clock());
        let journal = Arc::new(journal.await?);
        Ok(Self { chain, calls, metrics, journal })
    }
}

/// Audit entries that do not wait for the database.
pub(super) struct Entries {
    pub(super) journal: Arc<EntryJournal>,
    pub(super) noticed: Arc<EntryTrail>,
    /// Writes what was noticed on the audit trail.
    pub(super) noting: JoinHandle<()>,
}

impl Entries {
    /// Begins to note what servers say otherwise than they did.
    pub(super) async fn open(ground: &Ground, fleet: &Fleet) -> anyhow::Result<Self> {
        let journal = EntryJournal::open(ground.settings.journal().dir, ground.database.clone()).await?;
        let journal = Arc::new(journal);
        let noticed = EntryTrail::new(Arc::clone(&journal));
        noticed.follow(fleet, ground.clock());
        let noting = tokio::spawn(Arc::clone(&noticed).run());
        Ok(Self { journal, noticed, noting })
    }
}

/// Has the audit trail tell when a call begins to wait for an approval, when its caller confirmed it, and when nobody
/// gave one. What people answer, the control plane records.
///
/// On disk before the call goes on, whether the database is there or not; what cannot be put there is not gone on with.
pub(super) fn follow_approvals(approvals: &Approvals, control: &Control, journal: Arc<EntryJournal>, events: EventBus) {
    let control = control.approvals.clone();
    approvals.observe(move |approval| {
        let recorded = control.entry(approval).map_or(Ok(()), |entry| {
            journal.append(&[entry]).map_err(|error| {
                tracing::error!(error = %WithCauses(&error), approval.id = %approval.id, "an approval is not on record");
                CallLogError::Unwritable { reason: error.to_string() }
            })
        });
        // What does not begin to wait is no news.
        if recorded.is_ok() || approval.decided_at.is_some() {
            events.emit(approval_event(approval));
        }
        recorded
    });
}

/// What who waits and who decides are told: that a call waits for an approval, or does no more.
fn approval_event(approval: &Approval) -> Event {
    let fact = Fact::Changed {
        action: approval.action().to_string(),
        target_kind: "approval".to_owned(),
        target_id: approval.id.to_string(),
        target_name: approval.target.clone(),
        actor: None,
    };
    let at = approval.decided_at.unwrap_or(approval.asked_at);
    Event { at, project: Some(approval.project_id), concerns: Some(approval.user_id), fact }
}
