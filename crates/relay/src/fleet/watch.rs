//! Resources and tasks of one server that clients follow. Each topic has a task that deals with one wish after the other,
//! so that follow and unfollow keep their order, and everybody hears what the server said to the own wish.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orch_mcp::peer::Topic;
use tokio::sync::{mpsc, oneshot};

use super::slot::{Slot, Unready};
use super::wanted::{LaneKey, Needed};
use crate::context::SessionKey;
use crate::subscription::{Followed, Unwatchable};

/// Wishes about one topic that wait; more are told that the server is busy.
const WISHES: usize = 1024;

#[derive(Default)]
pub(super) struct Watches(Mutex<HashMap<Topic, Watch>>);

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
    pub(super) fn followed(&self) -> Vec<Topic> {
        let watches = self.lock();
        let followed = watches.iter().filter(|(_, watch)| watch.followers.load(Ordering::Acquire) > 0);
        followed.map(|(topic, _)| topic.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Topic, Watch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, slot: &Arc<Slot>, topic: &Topic, wish: Wish) -> Result<(), Unwatchable> {
        let mut watches = self.lock();
        let watch = watches.entry(topic.clone()).or_insert_with(|| {
            let (wishes, inbox) = mpsc::channel(WISHES);
            let followers = Arc::new(AtomicUsize::new(0));
            let task = Task { slot: Arc::clone(slot), topic: topic.clone(), followers: Arc::clone(&followers) };
            tokio::spawn(task.run(inbox));
            Watch { wishes, followers }
        });
        let busy = |_| Unwatchable::Unready(Unready::Busy(format!("{WISHES} clients wait to follow the same")));
        watch.wishes.try_send(wish).map_err(busy)
    }
}

impl Slot {
    /// Follows something of the server's, together with everybody else who does. Given up half way, it is taken back.
    pub(crate) async fn watch(self: &Arc<Self>, topic: &Topic) -> Result<(), Unwatchable> {
        let (answer, answered) = oneshot::channel();
        self.watches().send(self, topic, Wish::Follow(answer))?;
        let over = || Unwatchable::Unready(self.over());
        answered.await.unwrap_or_else(|_| Err(over()))
    }

    /// Follows something on the connection that the request needs, as a server tells of it only where it was asked to.
    /// What a session has to itself is followed there: the session is the only one to hear of it, and what is followed
    /// ends with it.
    pub(crate) async fn watch_for(self: &Arc<Self>, needed: &Needed, topic: &Topic) -> Result<Followed, Unwatchable> {
        match needed {
            Needed::Own(wanted) | Needed::OwnIfLegacy(wanted) => {
                if let LaneKey::Session(session) = wanted.key {
                    let lease = self.acquire_for(needed).await.map_err(Unwatchable::Unready)?;
                    if lease.is_own() {
                        lease.peer().subscribe(topic.clone()).await.map_err(Unwatchable::Peer)?;
                        self.kept().add(session, wanted);
                        return Ok(Followed::Own);
                    }
                }
            }
            Needed::Lacking(reason) => return Err(Unwatchable::Unready(Unready::Failed(reason.clone()))),
            Needed::Shared(_) | Needed::OfLegacy(_) => {}
        }
        self.watch(topic).await.map(|()| Followed::Shared)
    }

    /// The session does not want to hear of it any more, on its own connection.
    pub(crate) fn unwatch_own(&self, session: SessionKey, topic: &Topic) {
        let (Some(peer), Ok(runtime)) = (self.lanes().of_session(session), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let topic = topic.clone();
        runtime.spawn(async move {
            if let Err(error) = peer.unsubscribe(topic).await {
                tracing::debug!(error = %error, "something is followed for nobody");
            }
        });
    }

    /// The opposite of one [`Self::watch`] that went well.
    pub(crate) fn unwatch(self: &Arc<Self>, topic: &Topic) {
        // Without a runtime the process is about to end, and takes the connection with it.
        if tokio::runtime::Handle::try_current().is_ok() && self.watches().lock().contains_key(topic) {
            // A full queue leaves it followed for nobody until the server stops.
            let _ = self.watches().send(self, topic, Wish::Unfollow);
        }
    }
}

struct Task {
    slot: Arc<Slot>,
    topic: Topic,
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
                    watches.remove(&self.topic);
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
        lease.peer().subscribe(self.topic.clone()).await.map_err(Unwatchable::Peer)
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
        if let Err(error) = lease.peer().unsubscribe(self.topic.clone()).await {
            tracing::debug!(error = %error, "something is followed for nobody");
        }
    }
}
