//! The connections of single sessions on which something is followed. Nobody calls on them meanwhile, and they are there
//! all the same: they do not end for disuse, give way to no other, and are opened anew when they have ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::server_state::ServerState;

use super::lane::Patience;
use super::slot::{Slot, Unready};
use super::wanted::{LaneKey, Wanted};
use crate::context::SessionKey;

/// Of each session that has followed something on its own connection, how that is made.
#[derive(Default)]
pub(super) struct Kept(Mutex<HashMap<SessionKey, Wanted>>);

impl Kept {
    /// The session follows something on this connection of its own.
    pub(super) fn add(&self, session: SessionKey, wanted: &Wanted) {
        self.lock().insert(session, wanted.clone());
    }

    pub(super) fn end_session(&self, session: SessionKey) {
        self.lock().remove(&session);
    }

    /// From now on the sessions need other connections than these.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, Wanted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Whether a session follows something on this connection.
    pub(super) fn is_followed_on(&self, key: &LaneKey) -> bool {
        match key {
            LaneKey::Session(session) => self.shared().registry.follows_on_own(*session, self.server().id),
            LaneKey::Legacy | LaneKey::Caller { .. } => false,
        }
    }

    /// Opens anew what is gone and somebody follows something on.
    pub(super) fn open_kept(self: &Arc<Self>) {
        let gone: Vec<Wanted> = {
            let mut kept = self.kept().lock();
            kept.retain(|session, _| self.shared().registry.is_open(*session));
            let gone =
                kept.values().filter(|wanted| !self.lanes().has(&wanted.key) && self.is_followed_on(&wanted.key));
            gone.filter(|wanted| self.may_open(wanted)).cloned().collect()
        };
        for wanted in gone {
            let slot = Arc::clone(self);
            tokio::spawn(async move {
                // After a failure it is tried again as soon as that may be.
                if let Err(Unready::Failed(reason) | Unready::Busy(reason)) =
                    slot.acquire_lane(&wanted, Patience::None).await
                {
                    tracing::debug!(server.id = %slot.server().id, reason, "what a client follows is not followed now");
                }
            });
        }
    }

    fn may_open(&self, wanted: &Wanted) -> bool {
        let server = self.server();
        let lacks =
            wanted.kept && wanted.user.is_some_and(|user| !server.missing_personal(&self.personal_of(user)).is_empty());
        server.enabled && self.status().state != ServerState::StoppedByAdmin && !lacks
    }
}
