//! Whether a server of the newer era takes `initialize` as well although it does not say so. Nobody can tell but by trying:
//! once for each configuration, for the first client that needs to know.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_domain::dialect::Era;
use orch_mcp::peer::EraChoice;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Slot, Unready};
use crate::fleet::lane::Patience;
use crate::fleet::wanted::Wanted;

#[derive(Default)]
pub(super) struct Older(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The generation that it was found out of, and whether it does.
    verdict: Option<(u32, bool)>,
    trying: Option<Trying>,
}

#[derive(Clone)]
struct Trying {
    since: Instant,
    /// Ends with the attempt.
    over: watch::Receiver<()>,
}

impl Older {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server is another one, or an admin wants it to be tried anew.
    pub(super) fn forget(&self) {
        self.lock().verdict = None;
    }
}

impl Slot {
    /// Whether clients that can be asked are served in the older era where that is theirs: the server says that it speaks
    /// it, or has been found to.
    pub(in crate::fleet) fn asks_in_older(&self) -> bool {
        self.speaks_both() || self.is_silent_about_older() && self.takes_initialize() == Some(true)
    }

    /// The same, finding it out where nobody knows. That is waited for as long as a list waits, by however many.
    pub(super) async fn asks_in_older_or_try(self: &Arc<Self>, wanted: &Wanted) -> bool {
        if self.speaks_both() {
            return true;
        }
        if !self.is_silent_about_older() {
            return false;
        }
        if let Some(known) = self.takes_initialize() {
            return known;
        }
        let mut trying = self.try_older(wanted);
        let until = trying.since + self.shared.config.list_deadline();
        // It fails when the attempt is over, as nothing is ever sent. A late one is of use to the next call.
        let _ = tokio::time::timeout_at(until, trying.over.changed()).await;
        self.takes_initialize() == Some(true)
    }

    /// A connection in this era has been opened, or was refused by the server, in the configuration of that generation.
    pub(in crate::fleet) fn found_older(&self, era: EraChoice, generation: u32, takes: bool) {
        if era == EraChoice::Legacy && !self.is_of_legacy() {
            self.older.lock().verdict = Some((generation, takes));
        }
    }

    /// What is known of it is to be found out anew.
    pub(in crate::fleet) fn forget_older(&self) {
        self.older.forget();
    }

    fn is_silent_about_older(&self) -> bool {
        let catalog = self.catalog.load();
        let modern = catalog.as_ref().is_some_and(|catalog| !catalog.hello.revision.is_legacy());
        modern && self.server.load().dialect.era == Era::Auto && !self.speaks_both()
    }

    fn takes_initialize(&self) -> Option<bool> {
        let generation = self.server.load().generation;
        self.older.lock().verdict.filter(|(of, _)| *of == generation).map(|(_, takes)| takes)
    }

    /// The attempt that is being made; one at a time. It is the connection that this client would have, and does not end
    /// with the call that it was begun for.
    fn try_older(self: &Arc<Self>, wanted: &Wanted) -> Trying {
        let mut known = self.older.lock();
        if let Some(trying) = &known.trying {
            return trying.clone();
        }
        let (end, over) = watch::channel(());
        let trying = Trying { since: Instant::now(), over };
        known.trying = Some(trying.clone());
        drop(known);
        let (slot, wanted) = (Arc::clone(self), wanted.clone());
        tokio::spawn(async move {
            // It takes nothing that a call may wait for.
            match slot.acquire_lane(&wanted, Patience::None).await {
                Ok(_) => slot.want_lists_in_older(&wanted),
                Err(Unready::Failed(reason) | Unready::Busy(reason)) => {
                    let server = slot.server();
                    tracing::debug!(server.id = %server.id, reason, "a server is not to be had in the older era");
                }
            }
            slot.older.lock().trying = None;
            // After that, so that who has waited finds an end and no attempt.
            drop(end);
        });
        trying
    }
}
