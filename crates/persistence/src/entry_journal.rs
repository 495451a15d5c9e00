//! Audit entries that have to be on record before something goes on, whether the database is there or not: they are on
//! disk when an append returns, and a task brings them to the audit trail. Beside the journal of calls, in a file of
//! this process alone.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_domain::audit::AuditEntry;
use orch_domain::error::{StoreError, WithCauses};
use orch_domain::event;
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::database::Database;
use crate::entity::audit_entry::{self, Entity, Model};
use crate::error::PersistenceError;
use crate::named_file::at;
use crate::owned_task::{OwnedTask, StopSignal};
use crate::store_error::unavailable;
use crate::timestamp::{from_micros, to_micros};

/// Appends entries; a task of its own brings them to the database. What waits at the end is left in the file, for the
/// next start.
pub struct EntryJournal {
    shared: Arc<Shared>,
    task: OwnedTask,
}

struct Shared {
    database: Database,
    kept: Mutex<Kept>,
    wake: Notify,
    /// Held by who drains.
    draining: tokio::sync::Mutex<()>,
}

struct Kept {
    path: PathBuf,
    /// None once it is closed, and gone.
    file: Option<File>,
    end: u64,
    /// Up to here the database has them.
    drained: u64,
}

/// An entry in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: Uuid,
    /// Microseconds since 1970.
    at: i64,
    project_id: Option<Uuid>,
    user_id: Option<Uuid>,
    key_id: Option<Uuid>,
    via: String,
    action: String,
    target_kind: String,
    target_id: String,
    target_name: String,
    detail: String,
    /// Absent in what a version before wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    facts: Option<String>,
}

const EXTENSION: &str = "entries";
/// More than that waits for no database.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes that are brought to the database in one transaction, or one line if that is longer.
const AT_ONCE: u64 = 64 * 1024;
/// Pauses after a failure double from the first to the last of these.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
const DOING: &str = "bringing entries to the audit trail";

impl EntryJournal {
    /// Takes over what dead processes have left in the directory and starts to drain.
    pub async fn open(dir: PathBuf, database: Database) -> Result<Self, PersistenceError> {
        let place = dir.clone();
        let opened = tokio::task::spawn_blocking(move || Kept::open(&place)).await;
        let kept = opened.map_err(io::Error::other).and_then(|opened| opened);
        let kept = kept.map_err(|source| PersistenceError::Journal { doing: "opening it", path: dir, source })?;
        let wake = Notify::new();
        wake.notify_one();
        let shared = Arc::new(Shared { database, kept: Mutex::new(kept), wake, draining: tokio::sync::Mutex::new(()) });
        let drained = Arc::clone(&shared);
        let task = OwnedTask::spawn(tracing::info_span!("persistence.drain_entries"), |stop| drained.run(stop));
        Ok(Self { shared, task })
    }

    /// On disk when it returns. Blocks for as long as the disk takes.
    pub fn append(&self, entries: &[AuditEntry]) -> io::Result<()> {
        let lines: Vec<Line> = entries.iter().map(|entry| Line::of(audit_entry::model(entry))).collect();
        self.shared.lock().append(&lines)?;
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Brings what waits to the database, within so long, and ends. The file goes, unless entries are left in it.
    pub async fn shutdown(&self, within: Duration) -> Result<(), StoreError> {
        let drained = tokio::time::timeout(within, self.shared.drain()).await;
        self.task.stop().await;
        let shared = Arc::clone(&self.shared);
        let closed = tokio::task::spawn_blocking(move || shared.lock().close()).await;
        drained.unwrap_or(Err(StoreError::Unavailable { doing: DOING, source: "it took too long".into() }))?;
        closed.map_err(io::Error::other).and_then(|closed| closed).map_err(from_disk)
    }
}

impl fmt::Debug for EntryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryJournal").finish_non_exhaustive()
    }
}

impl Shared {
    async fn run(self: Arc<Self>, mut stop: StopSignal) {
        let mut pause: Option<Duration> = None;
        loop {
            tokio::select! {
                () = stop.wait() => return,
                () = self.wake.notified(), if pause.is_none() => {}
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
            pause = match self.drain().await {
                Ok(()) => None,
                Err(error) if pause.is_none() => {
                    tracing::warn!(error = %WithCauses(&error), "audit entries wait for the database");
                    Some(PAUSES.0)
                }
                Err(_) => pause.map(|pause| (pause * 2).min(PAUSES.1)),
            };
        }
    }

    async fn drain(self: &Arc<Self>) -> Result<(), StoreError> {
        let _alone = self.draining.lock().await;
        loop {
            let shared = Arc::clone(self);
            let read = tokio::task::spawn_blocking(move || shared.lock().waiting()).await;
            let (lines, upto) = read.map_err(io::Error::other).and_then(|read| read).map_err(from_disk)?;
            if upto == 0 {
                return Ok(());
            }
            self.store(lines).await?;
            self.lock().drained_upto(upto).map_err(from_disk)?;
        }
    }

    /// What is there already is not stored again: a crash may have come between.
    async fn store(&self, lines: Vec<Line>) -> Result<(), StoreError> {
        let is_news = lines.iter().any(|line| event::is_news(&line.action));
        let mut writing =
            if is_news { self.database.write(DOING).await? } else { self.database.write_quietly(DOING).await? };
        for line in lines {
            let known = Entity::find_by_id(line.id).one(writing.conn()).await.map_err(unavailable(DOING))?;
            match line.into_model() {
                Some(model) if known.is_none() => writing.audit_row(model).await?,
                _ => {}
            }
        }
        if is_news {
            writing.announce_entries();
        }
        writing.commit().await
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn open(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let path = dir.join(format!("{}.{EXTENSION}", Uuid::now_v7()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let mut kept = Self { file: Some(file.map_err(at(&path))?), path, end: 0, drained: 0 };
        kept.file()?.try_lock().map_err(io::Error::from)?;
        // So that a loss of power leaves the file itself.
        File::open(dir)?.sync_all()?;
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path != kept.path && path.extension().is_some_and(|extension| extension == EXTENSION) {
                kept.take_over(&path).map_err(at(&path))?;
            }
        }
        Ok(kept)
    }

    /// Takes what a dead process has left. One that lives holds its file.
    fn take_over(&mut self, path: &Path) -> io::Result<()> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        if file.try_lock().is_err() {
            return Ok(());
        }
        let bytes = fs::read(path)?;
        // Who wrote what follows the last end of a line died before it went on.
        let lines: Vec<Line> = whole_lines(&bytes).filter_map(|(line, _)| read(line)).collect();
        self.append(&lines)?;
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn file(&self) -> io::Result<&File> {
        self.file.as_ref().ok_or_else(|| io::Error::other("the journal of audit entries is closed"))
    }

    fn append(&mut self, lines: &[Line]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, line).map_err(io::Error::other)?;
            bytes.push(b'\n');
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let end = self.end + bytes.len() as u64;
        if end > MAX_BYTES {
            return Err(io::Error::other("too many audit entries wait for the database"));
        }
        let file = self.file()?;
        let written = file.write_all_at(&bytes, self.end).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // A part may be there; the next entry would stand behind it.
            let _ = file.set_len(self.end);
            return Err(error);
        }
        self.end = end;
        Ok(())
    }

    /// The next lines for the database, and up to where they go; 0 when there are none.
    fn waiting(&self) -> io::Result<(Vec<Line>, u64)> {
        let mut size = (self.end - self.drained).min(AT_ONCE);
        loop {
            let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
            self.file()?.read_exact_at(&mut bytes, self.drained)?;
            let lines: Vec<_> = whole_lines(&bytes).collect();
            match lines.last() {
                Some((_, upto)) => {
                    let upto = self.drained + *upto as u64;
                    return Ok((lines.into_iter().filter_map(|(line, _)| read(line)).collect(), upto));
                }
                None if self.drained + size >= self.end => return Ok((Vec::new(), 0)),
                None => size = (size * 2).min(self.end - self.drained),
            }
        }
    }

    /// Has the file go when nothing is left in it, and then takes nothing more.
    fn close(&mut self) -> io::Result<()> {
        if self.end > 0 {
            return Ok(());
        }
        // Let go of only after it is gone, so that nobody takes it over in between.
        let open = self.file.take();
        if open.is_some() { fs::remove_file(&self.path).map_err(at(&self.path)) } else { Ok(()) }
    }

    fn drained_upto(&mut self, upto: u64) -> io::Result<()> {
        self.drained = upto;
        if self.drained == self.end {
            self.file()?.set_len(0)?;
            (self.end, self.drained) = (0, 0);
        }
        Ok(())
    }
}

impl Drop for Kept {
    /// A start that failed half way leaves no file either.
    fn drop(&mut self) {
        // Another start does not mind an empty file.
        let _ = self.close();
    }
}

impl Line {
    fn of(model: Model) -> Self {
        let Model {
            id,
            at,
            project_id,
            user_id,
            key_id,
            via,
            action,
            target_kind,
            target_id,
            target_name,
            detail,
            facts,
            ..
        } = model;
        let at = to_micros(at);
        Self { id, at, project_id, user_id, key_id, via, action, target_kind, target_id, target_name, detail, facts }
    }

    fn into_model(self) -> Option<Model> {
        let Self {
            id,
            at,
            project_id,
            user_id,
            key_id,
            via,
            action,
            target_kind,
            target_id,
            target_name,
            detail,
            facts,
        } = self;
        Some(Model {
            id,
            at: from_micros(at)?,
            project_id,
            user_id,
            key_id,
            via,
            action,
            target_kind,
            target_id,
            target_name,
            detail,
            facts,
            chain: None,
            seq: None,
            link: None,
        })
    }
}

/// Each line with its end, and where that is.
fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    let mut upto = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).map(move |line| {
        upto += line.len();
        (line, upto)
    })
}

fn read(line: &[u8]) -> Option<Line> {
    serde_json::from_slice(line)
        .inspect_err(|error| tracing::error!(error = %error, "a line of the journal of audit entries cannot be read"))
        .ok()
}

fn from_disk(error: io::Error) -> StoreError {
    StoreError::Unavailable { doing: DOING, source: error.into() }
}
