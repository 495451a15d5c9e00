//! Getting the connection that a request needs: the shared one, one of the other era, or one of its client's own.

use std::sync::Arc;

use orch_domain::dialect::Era;
use orch_mcp::initialize::ServerHello;

use super::lease::{InFlight, Lease};
use super::{Slot, Unready};
use crate::fleet::lane::Patience;
use crate::fleet::owner::Command;
use crate::fleet::wanted::{Needed, Wanted};

impl Slot {
    /// A peer that is ready right now.
    pub(crate) fn lease(self: &Arc<Self>) -> Option<Result<Lease, Unready>> {
        let live = self.peer.load();
        let live = live.as_ref().filter(|live| !live.peer.is_closed())?;
        Some(InFlight::begin(self).map(|in_flight| Lease::shared(Arc::clone(live), in_flight)))
    }

    /// A ready peer, starting the server when needed.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Lease, Unready> {
        // The second round is for a peer that ended between the owner's word and ours.
        for _ in 0..2 {
            if let Some(lease) = self.lease() {
                return lease;
            }
            self.want().await?;
        }
        Err(Unready::Failed("the server ends as soon as it has started".to_owned()))
    }

    /// The connection that a request needs.
    pub(crate) async fn acquire_for(self: &Arc<Self>, needed: &Needed) -> Result<Lease, Unready> {
        match needed {
            Needed::Shared(level) => Ok(self.hear(self.acquire().await?, *level).await),
            Needed::OfLegacy(wanted) => self.acquire_of_legacy(wanted).await,
            Needed::OwnIfLegacy(wanted) => self.acquire_if_legacy(wanted).await,
            Needed::Own(wanted) => {
                let lease = self.acquire_lane(wanted, Patience::Queue).await?;
                if self.catalog.load().is_none() && !self.is_private() {
                    // A full queue means that somebody else has asked.
                    let _ = self.command(Command::Nudge);
                }
                Ok(lease)
            }
            Needed::Lacking(reason) => Err(Unready::Failed(reason.clone())),
        }
    }

    /// Whether the server speaks both eras and may be spoken to in both. What is stored of it knows that.
    pub(crate) fn speaks_both(&self) -> bool {
        self.server.load().dialect.era == Era::Auto
            && self.catalog.load().as_ref().is_some_and(|catalog| speaks_both(&catalog.hello))
    }

    /// Whether a client of the older era is to be served in that era although the shared connection is of the newer one,
    /// or that is not known yet.
    pub(crate) fn may_speak_both(&self) -> bool {
        self.catalog.load().is_none() || self.speaks_both()
    }

    async fn acquire_of_legacy(self: &Arc<Self>, wanted: &Wanted) -> Result<Lease, Unready> {
        if self.catalog.load().is_none() {
            let lease = self.acquire().await?;
            if !speaks_both(lease.peer().hello()) {
                return Ok(self.hear(lease, wanted.level).await);
            }
        } else if !self.speaks_both() {
            return Ok(self.hear(self.acquire().await?, wanted.level).await);
        }
        self.acquire_older(wanted).await
    }

    /// A connection in the older era. A server may name versions that it does not have where it is; then the client is
    /// served over the bridge.
    async fn acquire_older(self: &Arc<Self>, wanted: &Wanted) -> Result<Lease, Unready> {
        match self.acquire_lane(wanted, Patience::Queue).await {
            Ok(lease) => Ok(lease),
            Err(Unready::Failed(reason) | Unready::Busy(reason)) => {
                let server = self.server.load();
                tracing::debug!(server.id = %server.id, reason, "a server is not to be had in the older era of its two");
                self.acquire().await
            }
        }
    }

    async fn acquire_if_legacy(self: &Arc<Self>, wanted: &Wanted) -> Result<Lease, Unready> {
        if self.catalog.load().is_none() {
            self.catalog_or_wait().await?;
        }
        let is_legacy = self.catalog.load().as_ref().is_none_or(|catalog| catalog.hello.revision.is_legacy());
        if !is_legacy {
            return if wanted.of_legacy && self.asks_in_older_or_try(wanted).await {
                self.acquire_older(wanted).await
            } else {
                self.acquire().await
            };
        }
        let lease = self.acquire_lane(wanted, Patience::Queue).await;
        if lease.is_err() {
            // Perhaps the server speaks another era than when its lists were stored; the shared connection finds out.
            self.want_verified();
        }
        lease
    }

    /// A connection of one client's own, opened when there is none.
    pub(crate) async fn acquire_lane(self: &Arc<Self>, wanted: &Wanted, patience: Patience) -> Result<Lease, Unready> {
        let in_flight = InFlight::begin(self)?;
        let (peer, usage) = self.lanes.acquire(self, wanted, patience).await?;
        Ok(Lease::own(peer, usage, in_flight))
    }
}

/// Whether a server of the newer era says that it speaks the older one as well.
fn speaks_both(hello: &ServerHello) -> bool {
    !hello.revision.is_legacy() && hello.also.iter().any(|revision| revision.is_legacy())
}
