//! The journal: what is appended gets into the database, whatever happens to either of them.

mod crash;
mod damage;
mod drains;
mod leftovers;
mod limits;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use orch_domain::call::Call;
use orch_domain::id::ProjectId;
use orch_domain::page::PageRequest;
use orch_domain::port::call_log::{CallFilter, CallRepo};
use orch_persistence::{Journal, JournalConfig};
use orch_testkit::builders::a_call;
use orch_testkit::fakes::{FixedClock, MemoryStore};
use tempfile::TempDir;

/// A journal's directory, the store behind it, and the project that all calls are of.
pub(crate) struct Desk {
    pub(crate) dir: TempDir,
    pub(crate) store: MemoryStore,
    pub(crate) project: ProjectId,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), store: MemoryStore::new(), project: ProjectId::new() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    pub(crate) async fn open(&self) -> Journal {
        self.open_with(|_| {}).await
    }

    pub(crate) async fn open_with(&self, adjust: impl FnOnce(&mut JournalConfig)) -> Journal {
        let mut config = JournalConfig::new(self.path());
        adjust(&mut config);
        open(config, Arc::new(self.store.clone())).await
    }

    pub(crate) fn call(&self) -> Call {
        a_call().in_project(self.project).build()
    }

    /// The calls of the store, in the order of their ids.
    pub(crate) async fn stored(&self) -> Vec<Call> {
        stored(&self.store, self.project).await
    }

    /// The names of the files in the directory, in order, and without what is unique in them.
    pub(crate) fn files(&self) -> Vec<String> {
        let extension = |path: &Path| path.extension().unwrap().to_str().unwrap().to_owned();
        let mut files: Vec<_> =
            std::fs::read_dir(self.path()).unwrap().map(|entry| extension(&entry.unwrap().path())).collect();
        files.sort();
        files
    }

    /// Appends calls to a journal that ends before anything is drained, as that of a process that is killed does.
    pub(crate) async fn leave_behind(&self, count: usize) -> Vec<Call> {
        self.store.set_away(true);
        let journal = self.open().await;
        let calls: Vec<_> = (0..count).map(|_| self.call()).collect();
        for call in &calls {
            append(&journal, call);
        }
        self.abandon(journal).await;
        self.store.set_away(false);
        calls
    }

    /// Ends a journal as the end of its process does: at once, and its files are nobody's.
    pub(crate) async fn abandon(&self, journal: Journal) {
        drop(journal);
        let locked = |path: PathBuf| std::fs::File::open(path).is_ok_and(|file| file.try_lock().is_err());
        let any_locked = || std::fs::read_dir(self.path()).unwrap().any(|entry| locked(entry.unwrap().path()));
        until("the task has let go of the files", || !any_locked()).await;
    }

    /// The one file of this extension.
    pub(crate) fn only(&self, extension: &str) -> PathBuf {
        let entries = std::fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut found: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found.pop().unwrap()
    }
}

pub(crate) async fn open(config: JournalConfig, calls: Arc<dyn CallRepo>) -> Journal {
    Journal::open(config, calls, Arc::new(FixedClock::default())).await.unwrap()
}

pub(crate) fn append(journal: &Journal, call: &Call) {
    orch_domain::port::call_log::CallLog::append(journal, call).unwrap();
}

pub(crate) async fn stored(repo: &dyn CallRepo, project: ProjectId) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut request = PageRequest::new(PageRequest::MAX_LIMIT, None);
    loop {
        let page = repo.list(CallFilter::all(project), request).await.unwrap();
        calls.extend(page.items);
        match page.next {
            Some(next) => request.after = Some(next),
            None => break,
        }
    }
    calls.reverse();
    calls
}

/// Waits for something that happens soon.
pub(crate) async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !happened() {
        assert!(Instant::now() < deadline, "in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
