//! How much the log of what several clients share says: as much as the most curious of those who hear it wants. Filters
//! nothing: each client gets what it wants of it where it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_mcp::level::LogLevel;
use orch_mcp::message::MethodName;
use orch_mcp::peer::{Peer, PeerRequest};
use orch_mcp::raw::Raw;
use orch_mcp::{capabilities, object};
use tokio::task::JoinHandle;

use super::{Lease, Slot};
use crate::catalog::fetch::answer;
use crate::fleet::wanted::LaneKey;

/// How long a server may take to accept the level of its log, before a call goes without.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Volume(Mutex<Levels>);

#[derive(Default)]
struct Levels {
    /// What holds; None while nobody has said anything.
    now: Option<LogLevel>,
    /// How many running requests want which, of clients without a session.
    requests: BTreeMap<LogLevel, u32>,
    /// One of them has ended, so less may be enough.
    may_fall: bool,
}

impl Volume {
    fn lock(&self) -> MutexGuard<'_, Levels> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that wants to hear the log, for as long as it runs.
pub(super) struct Hearing {
    slot: Arc<Slot>,
    level: LogLevel,
}

impl Drop for Hearing {
    fn drop(&mut self) {
        let mut levels = self.slot.volume.lock();
        if let Some(count) = levels.requests.get_mut(&self.level) {
            *count -= 1;
            if *count == 0 {
                levels.requests.remove(&self.level);
            }
        }
        // Not at once: who asks for a level asks for it with the next request as well.
        levels.may_fall = true;
    }
}

impl Slot {
    /// The level of what is shared; None while nobody has said anything.
    pub(crate) fn level(&self) -> Option<LogLevel> {
        self.volume.lock().now
    }

    /// Clients came, went or want another level: servers that run are told when that changes anything.
    pub(crate) fn follow_levels(&self) {
        let Some(level) = self.settle_level() else { return };
        if let Some(live) = self.peer.load_full() {
            tell_level(Arc::clone(&live.peer), level);
        }
        self.lanes.set_level(&LaneKey::Legacy, level);
    }

    /// The same, once some time has passed since a request ended that wanted to hear more.
    pub(in crate::fleet) fn relax_level(&self) {
        if self.volume.lock().may_fall {
            self.follow_levels();
        }
    }

    /// Takes note of what all want together. Gives what is to be told, if that is something else than before.
    pub(in crate::fleet) fn settle_level(&self) -> Option<LogLevel> {
        let server = self.server.load();
        let mut levels = self.volume.lock();
        levels.may_fall = false;
        let requests = levels.requests.keys().next().copied();
        let wanted = self.shared.registry.most_verbose(server.project_id, server.id, requests);
        let before = std::mem::replace(&mut levels.now, wanted);
        // Nobody wants to hear anything any more: back to what is usual.
        (before != wanted).then(|| wanted.unwrap_or(LogLevel::Info))
    }

    /// A request without a session wants to hear the log: it goes when the server says enough.
    pub(super) async fn hear(self: &Arc<Self>, lease: Lease, level: Option<LogLevel>) -> Lease {
        let Some(level) = level.filter(|_| lease.peer().hello().revision.is_legacy()) else { return lease };
        let enough = {
            let mut levels = self.volume.lock();
            *levels.requests.entry(level).or_default() += 1;
            levels.now.is_some_and(|now| now <= level)
        };
        let hearing = Hearing { slot: Arc::clone(self), level };
        if !enough && let Some(level) = self.settle_level() {
            self.lanes.set_level(&LaneKey::Legacy, level);
            self.tell_level_in_time(lease.shared_peer(), level).await;
        }
        lease.heard_by(hearing)
    }

    /// Tells a server before a call goes. One that does not answer delays the call and does not fail it.
    pub(in crate::fleet) async fn tell_level_in_time(&self, peer: Arc<dyn Peer>, level: LogLevel) {
        // It is told even if the call is given up: everybody takes it for told.
        let Some(told) = tell_level(peer, level) else { return };
        if tokio::time::timeout(ACCEPTED_WITHIN, told).await.is_err() {
            self.remark("the level of its log was not accepted in time".to_owned());
        }
    }
}

/// Has a legacy server with a log say more or less; gives what ends when it has answered. A modern one is told with each
/// request.
pub(in crate::fleet) fn tell_level(peer: Arc<dyn Peer>, level: LogLevel) -> Option<JoinHandle<()>> {
    let hello = peer.hello();
    if !hello.revision.is_legacy() || !capabilities::has(&hello.capabilities, "logging") {
        return None;
    }
    let params = object::build([("level", &Raw::serialize(&level.as_str()).ok()?)]);
    let request = PeerRequest::new(MethodName::from_static("logging/setLevel"), Some(params));
    // Without a runtime the process is about to end.
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    Some(runtime.spawn(async move {
        if let Err(error) = answer(&*peer, request).await {
            tracing::debug!(error = %error, "a server does not change the level of its log");
        }
    }))
}
