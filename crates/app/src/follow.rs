//! Keeps the live directory in step with what is committed, here and in other processes. One owner task reads what
//! changed and swaps the directory; nothing else does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use orch_domain::change::{Change, Committed};
use orch_domain::directory::live::LiveDirectory;
use orch_domain::error::StoreError;
use orch_domain::event::Event;
use orch_domain::port::changes::Changes;
use orch_domain::port::directory_follower::DirectoryFollower;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::event_sink::EventSink;
use tokio::sync::{mpsc, oneshot};

/// First and longest pause when the database cannot be read; the old directory stays in force meanwhile.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a writer waits to see its own change.
const PATIENCE: Duration = Duration::from_secs(2);
const QUEUE: usize = 64;

/// Asks the owner task to apply a change now.
type Errand = (Change, oneshot::Sender<()>);

/// What is given to those who write.
pub(crate) struct Follower(mpsc::Sender<Errand>);

#[async_trait]
impl DirectoryFollower for Follower {
    async fn catch_up(&self, change: Change) {
        let (done, applied) = oneshot::channel();
        let errand = async {
            if self.0.send((change, done)).await.is_ok() {
                // An error means that the task is gone, and so is the daemon in a moment.
                let _ = applied.await;
            }
        };
        if tokio::time::timeout(PATIENCE, errand).await.is_err() {
            tracing::warn!(?change, "a change is committed and not yet in force");
        }
    }
}

pub(crate) struct Follow {
    pub(crate) changes: Arc<dyn Changes>,
    pub(crate) source: Arc<dyn DirectorySource>,
    pub(crate) directory: Arc<LiveDirectory>,
    pub(crate) errands: mpsc::Receiver<Errand>,
    pub(crate) events: Arc<dyn EventSink>,
}

/// The queue between writers and the owner task.
pub(crate) fn errands() -> (Follower, mpsc::Receiver<Errand>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Follower(sender), receiver)
}

impl Follow {
    /// Runs until it is aborted. Subscribes before the first read, so that nothing is missed in between.
    pub(crate) async fn run(mut self) {
        let mut changes = self.changes.subscribe_committed();
        self.apply_surely(Change::Everything).await;
        loop {
            tokio::select! {
                Some((change, done)) = self.errands.recv() => {
                    self.apply_surely(change).await;
                    // Who asked may have stopped waiting.
                    let _ = done.send(());
                }
                change = changes.next() => match change {
                    Some(Committed::Change(change)) => self.apply_surely(change).await,
                    // After its changes, so that who is told of it finds it in force.
                    Some(Committed::Entry(entry)) => self.events.emit(Event::of_entry(&entry)),
                    None => return,
                },
            }
        }
    }

    async fn apply_surely(&self, change: Change) {
        let mut pause = FIRST_PAUSE;
        while let Err(error) = self.apply(change).await {
            tracing::error!(error = %error, "a change cannot be read; trying again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn apply(&self, change: Change) -> Result<(), StoreError> {
        let directory = match change {
            Change::Everything => self.source.load().await?,
            Change::Users => {
                let users = self.source.load_users().await?;
                self.directory.current().with_users(users)
            }
            Change::Teams => {
                let teams = self.source.load_teams(None).await?;
                self.directory.current().with_teams(teams)
            }
            Change::Project(id) => {
                let facts = self.source.load_project(id).await?;
                self.directory.current().with_project(id, facts)
            }
        };
        self.directory.replace(directory);
        Ok(())
    }
}
