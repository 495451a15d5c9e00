//! The right to use a connection.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use orch_mcp::peer::Peer;

use super::volume::Hearing;
use super::{LivePeer, Slot, Unready};
use crate::fleet::lane::LaneUse;
use crate::fleet::owner::{Command, close_if_silent};

/// The right to use a peer; as long as one is held, the server is not idle.
pub(crate) struct Lease {
    line: Line,
    in_flight: InFlight,
    _hearing: Option<Hearing>,
}

enum Line {
    Shared(Arc<LivePeer>),
    Own(Arc<dyn Peer>, LaneUse),
}

impl Line {
    fn peer(&self) -> Arc<dyn Peer> {
        match self {
            Self::Shared(live) => Arc::clone(&live.peer),
            Self::Own(peer, _) => Arc::clone(peer),
        }
    }
}

impl Lease {
    pub(super) const fn shared(live: Arc<LivePeer>, in_flight: InFlight) -> Self {
        Self { line: Line::Shared(live), in_flight, _hearing: None }
    }

    pub(super) const fn own(peer: Arc<dyn Peer>, usage: LaneUse, in_flight: InFlight) -> Self {
        Self { line: Line::Own(peer, usage), in_flight, _hearing: None }
    }

    /// The same, which hears the log as long as it is held.
    pub(super) fn heard_by(self, hearing: Hearing) -> Self {
        Self { _hearing: Some(hearing), ..self }
    }

    /// Whether the connection is beside the one that everybody shares.
    pub(in crate::fleet) const fn is_own(&self) -> bool {
        matches!(self.line, Line::Own(..))
    }

    pub(crate) fn peer(&self) -> &dyn Peer {
        match &self.line {
            Line::Shared(live) => &*live.peer,
            Line::Own(peer, _) => &**peer,
        }
    }

    /// A call was not answered in time: is the server still there?
    pub(crate) fn suspect(&self) {
        let slot = &self.in_flight.0;
        match &self.line {
            Line::Shared(_) => {
                // A full queue means that the owner is awake, and looks soon.
                let _ = slot.command(Command::Suspect);
            }
            Line::Own(peer, _) => {
                let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
                let (slot, peer) = (Arc::clone(slot), Arc::clone(peer));
                runtime.spawn(async move {
                    let deadline = slot.shared.config.check_deadline();
                    if close_if_silent(peer, deadline).await {
                        slot.remark("a client's own connection was closed: it did not answer a check".to_owned());
                    }
                });
            }
        }
    }

    /// Where the same call may be made once more, when the connection died before it was answered: nowhere, unless
    /// the tool says that this does no harm.
    pub(crate) fn second_try(&self, tool: &str) -> Option<Arc<Slot>> {
        let slot = &self.in_flight.0;
        slot.catalog()?.may_be_repeated(tool).then(|| Arc::clone(slot))
    }

    /// The call is given up before its answer.
    pub(crate) fn abandon(&self) {
        if let Line::Own(_, usage) = &self.line {
            usage.abandon();
        }
    }

    /// The peer for something that may outlive the lease.
    pub(crate) fn shared_peer(&self) -> Arc<dyn Peer> {
        self.line.peer()
    }
}

/// Counts among the calls of a server.
pub(super) struct InFlight(Arc<Slot>);

impl InFlight {
    /// One more, unless there are too many.
    pub(super) fn begin(slot: &Arc<Slot>) -> Result<Self, Unready> {
        let before = slot.in_flight.fetch_add(1, Ordering::AcqRel);
        let one = Self(Arc::clone(slot));
        let limit = slot.max_in_flight.load(Ordering::Relaxed);
        if before >= limit {
            return Err(Unready::Busy(format!("{limit} calls are running, the limit")));
        }
        Ok(one)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
