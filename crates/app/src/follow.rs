//! Follows committed changes: reads what changed, swaps the directory, and has the fleet follow. The one task that
//! writes the live directory.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use orch_domain::change::Change;
use orch_domain::directory::Directory;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::error::StoreError;
use orch_domain::port::changes::Changes;
use orch_domain::port::directory_source::DirectorySource;
use tokio_util::sync::CancellationToken;

/// First and longest pause when the database cannot be read; the old directory stays in force meanwhile.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(crate) struct Follow {
    pub(crate) changes: Arc<dyn Changes>,
    pub(crate) source: Arc<dyn DirectorySource>,
    pub(crate) directory: Arc<LiveDirectory>,
}

impl Follow {
    /// Runs until `stop`. Subscribes before the first read, so that nothing is missed in between.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut changes = self.changes.subscribe();
        let mut next = Some(Change::Everything);
        loop {
            let change = match next.take() {
                Some(change) => change,
                None => tokio::select! {
                    () = stop.cancelled() => return,
                    change = changes.next() => match change {
                        Some(change) => change,
                        None => return,
                    },
                },
            };
            let mut pause = FIRST_PAUSE;
            while let Err(error) = self.apply(change).await {
                tracing::error!(error = %error, "a change cannot be read; trying again");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    async fn apply(&self, change: Change) -> Result<(), StoreError> {
        let directory: Directory = match change {
            Change::Everything => self.source.load().await?,
            Change::Users => {
                let users = self.source.load_users().await?;
                self.directory.current().with_users(users)
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
