//! Follows the `changes` table and tells subscribers, in the order of the commits. What wakes it up is in
//! [`wake_up`]; what it tells is always read from the table, so that a lost wake-up delays but never loses.

mod wake_up;

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use orch_domain::change::{Change, Committed};
use orch_domain::error::WithCauses;
use orch_domain::port::changes::Changes;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};
use tokio::time::timeout;
use uuid::Uuid;

use crate::database::Database;
use crate::entity::audit_entry;
use crate::entity::change::{Column, Entity, Model};
use crate::error::PersistenceError;
use crate::owned_task::{OwnedTask, StopSignal};
use crate::writing::KEPT_CHANGES;

/// A subscriber that is further behind than this gets [`Change::Everything`].
const BUFFERED: usize = 1024;
/// Rows read at once.
const ROWS: u64 = 500;
/// The table is looked at this often even if nobody was woken: a proxy between us and PostgreSQL may swallow
/// notifications.
const ANYWAY: Duration = Duration::from_secs(1);
/// Pauses after a failure double from the first to the last of these. Short ones, for a revocation may be waiting.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// A connection whose other end went away without a word is waited for no longer; another one is taken.
const DEADLINE: Duration = Duration::from_secs(5);

/// News of commits on this database, by this process and by others. The task that follows them ends with this value.
#[derive(Debug)]
pub struct SeaChanges {
    /// Weak, so that streams end with the task and not only with this value.
    sender: broadcast::WeakSender<Committed>,
    task: OwnedTask,
}

impl SeaChanges {
    /// Follows from now on.
    pub async fn start(database: &Database) -> Result<Self, PersistenceError> {
        let fail = |source| PersistenceError::Follow { doing: "reading the latest change", source };
        let commits = database.commits();
        let last = latest(database).await.map_err(fail)?;
        let (sender, _) = broadcast::channel(BUFFERED);
        let weak = sender.downgrade();
        let follower = Follower { database: database.clone(), sender, last };
        let span = tracing::info_span!("persistence.follow_changes");
        let task = OwnedTask::spawn(span, |stop| follower.run(commits, stop));
        Ok(Self { sender: weak, task })
    }

    /// Ends the task, and with it all streams.
    pub async fn shutdown(&self) {
        self.task.stop().await;
    }
}

impl Changes for SeaChanges {
    fn subscribe(&self) -> Pin<Box<dyn Stream<Item = Change> + Send>> {
        Box::pin(self.subscribe_committed().filter_map(|told| async move {
            match told {
                Committed::Change(change) => Some(change),
                Committed::Entry(_) => None,
            }
        }))
    }

    fn subscribe_committed(&self) -> Pin<Box<dyn Stream<Item = Committed> + Send>> {
        let Some(sender) = self.sender.upgrade() else {
            return Box::pin(stream::empty());
        };
        Box::pin(stream::unfold(sender.subscribe(), |mut receiver| async {
            match receiver.recv().await {
                Ok(told) => Some((told, receiver)),
                Err(RecvError::Lagged(_)) => Some((Committed::Change(Change::Everything), receiver)),
                Err(RecvError::Closed) => None,
            }
        }))
    }
}

struct Follower {
    database: Database,
    sender: broadcast::Sender<Committed>,
    /// The number of the last change that was told.
    last: i64,
}

impl Follower {
    async fn run(mut self, mut commits: tokio::sync::watch::Receiver<u64>, mut stop: StopSignal) {
        let nudge = Notify::new();
        let database = self.database.clone();
        let mut others = pin!(wake_up::on_commits_of_others(&database, &nudge));
        let mut pause = None;
        loop {
            let rest = pause.unwrap_or(ANYWAY);
            tokio::select! {
                () = stop.wait() => return,
                // An error cannot be: this task holds the database, which holds the sender.
                _ = commits.changed(), if pause.is_none() => {}
                () = nudge.notified(), if pause.is_none() => {}
                () = tokio::time::sleep(rest) => {}
                never = others.as_mut() => match never {},
            }
            let caught_up = timeout(DEADLINE, self.catch_up()).await;
            pause = match caught_up.unwrap_or_else(|_| Err(DbErr::Custom("it does not answer".to_owned()))) {
                Ok(()) => None,
                Err(error) => Some(self.after_failure(pause, &error)),
            };
        }
    }

    fn after_failure(&self, pause: Option<Duration>, error: &DbErr) -> Duration {
        match pause {
            None => {
                tracing::warn!(error = %WithCauses(error), "changes cannot be read, trying again");
                PAUSES.0
            }
            Some(pause) => (pause * 2).min(PAUSES.1),
        }
    }

    async fn catch_up(&mut self) -> Result<(), DbErr> {
        let latest = latest(&self.database).await?;
        // Behind what is kept, or ahead of it because an older copy of the database was put in its place.
        if latest < self.last || latest - self.last > KEPT_CHANGES {
            self.last = latest;
            self.tell(Committed::Change(Change::Everything));
        }
        while self.last < latest {
            let rows = Entity::find()
                .filter(Column::Seq.gt(self.last))
                .order_by_asc(Column::Seq)
                .limit(ROWS)
                .all(self.database.followers())
                .await?;
            if rows.is_empty() {
                break;
            }
            let mut entries = self.load_entries(&rows).await?;
            for row in rows {
                self.last = row.seq;
                match row.entry_id {
                    None => self.tell(Committed::Change(row.to_change())),
                    // One that retention has taken in the meantime is not news any more.
                    Some(id) => {
                        if let Some(entry) = entries.remove(&id) {
                            self.tell(Committed::Entry(Arc::new(entry.into_record())));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn load_entries(&self, rows: &[Model]) -> Result<HashMap<Uuid, audit_entry::Model>, DbErr> {
        let ids: Vec<_> = rows.iter().filter_map(|row| row.entry_id).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found = audit_entry::Entity::find().filter(audit_entry::Column::Id.is_in(ids));
        Ok(found.all(self.database.followers()).await?.into_iter().map(|entry| (entry.id, entry)).collect())
    }

    fn tell(&self, told: Committed) {
        // An error means that nobody listens at the moment.
        let _ = self.sender.send(told);
    }
}

/// The number of the latest change, 0 if there was none yet.
async fn latest(database: &Database) -> Result<i64, DbErr> {
    let latest: Option<Option<i64>> = Entity::find()
        .select_only()
        .column_as(Column::Seq.max(), "latest")
        .into_tuple()
        .one(database.followers())
        .await?;
    Ok(latest.flatten().unwrap_or_default())
}
