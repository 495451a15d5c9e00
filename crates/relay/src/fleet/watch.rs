//! Resources of one server that clients follow. Each followed URI has a task that deals with one wish after the other,
//! so that follow and unfollow keep their order, and everybody hears what the server said to the own wish.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::slot::{Slot, Unready};
use super::wanted::{LaneKey, Needed};
use crate::subscription::Unwatchable;

/// Wishes about one URI that wait; more are told that the server is busy.
const WISHES: usize = 1024;

#[derive(Default)]
pub(super) struct Watches(Mutex<HashMap<String, Watch>>);

struct Watch {
    wishes: mpsc::Sender<Wish>,
    /// How many follow.
    followers: Arc<AtomicUsize>,
}

enum Wish {
    Follow(oneshot::Sender<Result<(), Unwatchable>>),
    Unfollow,
}

impl Watches {
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// What is followed by somebody.
    pub(super) fn followed(&self) -> Vec<String> {
        let watches = self.lock();
        let followed = watches.iter().filter(|(_, watch)| watch.followers.load(Ordering::Acquire) > 0);
        followed.map(|(uri, _)| uri.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Watch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, slot: &Arc<Slot>, uri: &str, wish: Wish) -> Result<(), Unwatchable> {
        let mut watches = self.lock();
        let watch = watches.entry(uri.to_owned()).or_insert_with(|| {
            let (wishes, inbox) = mpsc::channel(WISHES);
            let followers = Arc::new(AtomicUsize::new(0));
            let task = Task { slot: Arc::clone(slot), uri: uri.to_owned(), followers: Arc::clone(&followers) };
            tokio::spawn(task.run(inbox));
            Watch { wishes, followers }
        });
        let busy = |_| Unwatchable::Unready(Unready::Busy(format!("{WISHES} clients wait to follow the resource")));
        watch.wishes.try_send(wish).map_err(busy)
    }
}

impl Slot {
    /// Follows a resource of the server's, together with everybody else who does. Given up half way, it is taken back.
    pub(crate) async fn watch(self: &Arc<Self>, uri: &str) -> Result<(), Unwatchable> {
        let (answer, answered) = oneshot::channel();
        self.watches().send(self, uri, Wish::Follow(answer))?;
        let over = || Unwatchable::Unready(Unready::Failed("the server was removed".to_owned()));
        answered.await.unwrap_or_else(|_| Err(over()))
    }

    /// Follows a resource on the connection that the request needs. What a session has to itself is followed there: the
    /// session is the only one to hear of it, and what is followed ends with it.
    pub(crate) async fn watch_for(self: &Arc<Self>, needed: &Needed, uri: &str) -> Result<(), Unwatchable> {
        match needed {
            Needed::Own(wanted) if matches!(wanted.key, LaneKey::Session(_)) => {
                let lease = self.acquire_for(needed).await.map_err(Unwatchable::Unready)?;
                lease.peer().subscribe(uri.to_owned()).await.map_err(Unwatchable::Peer)
            }
            Needed::Lacking(reason) => Err(Unwatchable::Unready(Unready::Failed(reason.clone()))),
            _ => self.watch(uri).await,
        }
    }

    /// The opposite of one [`Self::watch`] that went well.
    pub(crate) fn unwatch(self: &Arc<Self>, uri: &str) {
        // Without a runtime the process is about to end, and takes the connection with it.
        if tokio::runtime::Handle::try_current().is_ok() && self.watches().lock().contains_key(uri) {
            // A full queue leaves the resource followed for nobody until the server stops.
            let _ = self.watches().send(self, uri, Wish::Unfollow);
        }
    }
}

struct Task {
    slot: Arc<Slot>,
    uri: String,
    followers: Arc<AtomicUsize>,
}

impl Task {
    async fn run(self, mut inbox: mpsc::Receiver<Wish>) {
        while let Some(wish) = inbox.recv().await {
            match wish {
                Wish::Follow(answer) => {
                    let followed = self.follow().await;
                    let went_well = followed.is_ok();
                    if went_well {
                        self.followers.fetch_add(1, Ordering::AcqRel);
                    }
                    if answer.send(followed).is_err() && went_well {
                        self.unfollow().await;
                    }
                }
                Wish::Unfollow => self.unfollow().await,
            }
            if self.followers.load(Ordering::Acquire) == 0 {
                // Nothing can come in between: wishes are sent under the same lock.
                let mut watches = self.slot.watches().lock();
                if inbox.is_empty() {
                    watches.remove(&self.uri);
                    return;
                }
            }
        }
    }

    async fn follow(&self) -> Result<(), Unwatchable> {
        // Who is not the first one has it from the first, unless the server does not run.
        if self.followers.load(Ordering::Acquire) > 0 && self.slot.has_peer() {
            return Ok(());
        }
        let lease = self.slot.acquire().await.map_err(Unwatchable::Unready)?;
        lease.peer().subscribe(self.uri.clone()).await.map_err(Unwatchable::Peer)
    }

    async fn unfollow(&self) {
        if self.followers.load(Ordering::Acquire) == 0 {
            return;
        }
        if self.followers.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        // A server that does not run, or a process that is about to end, follows nothing any more.
        let Some(Ok(lease)) = self.slot.lease() else { return };
        if let Err(error) = lease.peer().unsubscribe(self.uri.clone()).await {
            tracing::debug!(error = %error, "a resource is followed for nobody");
        }
    }
}
