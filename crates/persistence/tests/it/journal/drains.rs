//! The ordinary way of a record, and that of a database that is away for a while.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::poll_immediate;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::call_log::{CallFilter, CallLog, CallRepo, JournalPlace};
use orch_domain::port::clock::Clock;
use orch_persistence::{Journal, JournalConfig, JournalStatus, PersistenceError};
use orch_testkit::builders::a_call;
use orch_testkit::fakes::{FixedClock, MemoryStore};
use tokio::sync::Notify;

use super::{Desk, append, open, until};

#[tokio::test]
async fn what_is_appended_is_stored_and_leaves_no_file() {
    let desk = Desk::new();
    let journal = desk.open().await;
    let calls: Vec<_> = (0..1234).map(|_| desk.call()).collect();
    for call in &calls {
        append(&journal, call);
    }
    journal.flush().await.unwrap();
    assert_eq!(desk.stored().await, calls);
    assert_eq!(journal.status(), JournalStatus { max_bytes: 256 << 20, ..JournalStatus::default() });
    assert_eq!(journal.now(), FixedClock::default().now());
    assert_eq!(std::fs::metadata(desk.path()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::metadata(desk.only("journal")).unwrap().permissions().mode() & 0o777, 0o600);
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(desk.files(), [""; 0]);
}

#[tokio::test]
async fn one_record_alone_does_not_wait_for_others() {
    let desk = Desk::new();
    let journal = desk.open().await;
    append(&journal, &desk.call());
    until("it is drained without a flush", || journal.status().records_waiting == 0).await;
    assert_eq!(desk.stored().await.len(), 1);
}

#[tokio::test]
async fn a_flush_of_nothing_is_at_once() {
    let desk = Desk::new();
    desk.store.set_away(true);
    desk.open().await.flush().await.unwrap();
}

/// Notes of each batch whether it was urgent.
struct Noting {
    store: MemoryStore,
    urgent: Mutex<Vec<bool>>,
}

#[async_trait]
impl CallRepo for Noting {
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError> {
        CallRepo::list(&self.store, filter, page).await
    }

    async fn insert_from(&self, calls: &[Call], place: Option<JournalPlace<'_>>) -> Result<(), StoreError> {
        self.urgent.lock().unwrap().push(place.expect("a place").is_urgent);
        self.store.insert_from(calls, place).await
    }
}

async fn open_noting(desk: &Desk, adjust: impl FnOnce(&mut JournalConfig)) -> (Journal, Arc<Noting>) {
    let mut config = JournalConfig::new(desk.path());
    adjust(&mut config);
    let noting = Arc::new(Noting { store: desk.store.clone(), urgent: Mutex::default() });
    (open(config, Arc::clone(&noting) as Arc<dyn CallRepo>).await, noting)
}

#[tokio::test]
async fn storing_gives_way_unless_somebody_or_too_much_waits() {
    let desk = Desk::new();
    let (journal, noting) = open_noting(&desk, |_| {}).await;
    append(&journal, &desk.call());
    until("it is drained without a flush", || journal.status().records_waiting == 0).await;
    assert_eq!(*noting.urgent.lock().unwrap(), [false]);
    desk.abandon(journal).await;

    let (journal, noting) = open_noting(&desk, |config| config.batch_wait_ms = 60_000).await;
    append(&journal, &desk.call());
    journal.flush().await.unwrap();
    assert_eq!(*noting.urgent.lock().unwrap(), [true], "somebody waits");
    desk.abandon(journal).await;

    let (journal, noting) = open_noting(&desk, |config| config.urgent_bytes = 0).await;
    append(&journal, &desk.call());
    until("it is drained without a flush", || journal.status().records_waiting == 0).await;
    assert_eq!(*noting.urgent.lock().unwrap(), [true], "too much waits");
}

/// Takes the first batch, and each further one when it is told to.
struct Halting {
    store: MemoryStore,
    taken: AtomicBool,
    halted: Notify,
    go_on: Notify,
}

#[async_trait]
impl CallRepo for Halting {
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError> {
        CallRepo::list(&self.store, filter, page).await
    }

    async fn insert_from(&self, calls: &[Call], place: Option<JournalPlace<'_>>) -> Result<(), StoreError> {
        if self.taken.swap(true, Ordering::SeqCst) {
            self.halted.notify_one();
            self.go_on.notified().await;
        }
        self.store.insert_from(calls, place).await
    }
}

#[tokio::test]
async fn a_flush_is_not_over_for_what_came_after_it() {
    let desk = Desk::new();
    let config = JournalConfig { batch_wait_ms: 60_000, ..JournalConfig::new(desk.path()) };
    let store = desk.store.clone();
    let (taken, halted, go_on) = Default::default();
    let halting = Arc::new(Halting { store, taken, halted, go_on });
    let journal = Arc::new(open(config, Arc::clone(&halting) as Arc<dyn CallRepo>).await);
    // Each thread has a lane of its own, and the fullest one goes first.
    let append_apart = |calls: Vec<Call>| {
        let journal = Arc::clone(&journal);
        std::thread::spawn(move || calls.iter().for_each(|call| append(&journal, call))).join().unwrap();
    };
    let first = desk.call();
    append_apart(vec![first.clone()]);
    let mut flush = std::pin::pin!(journal.flush());
    assert!(poll_immediate(&mut flush).await.is_none());
    append_apart((0..3).map(|_| desk.call()).collect());
    // The first batch is done with when the second one is begun.
    halting.halted.notified().await;
    assert!(!desk.stored().await.contains(&first), "the later ones were stored first");
    assert!(poll_immediate(&mut flush).await.is_none(), "as many as there were, but not those");
    halting.go_on.notify_one();
    flush.await.unwrap();
    assert!(desk.stored().await.contains(&first));
}

#[tokio::test]
async fn nothing_is_lost_while_the_database_is_away() {
    let desk = Desk::new();
    let journal = desk.open().await;
    desk.store.set_away(true);
    let mut calls = vec![a_call().in_project(desk.project).at(FixedClock::START - Duration::from_secs(60)).build()];
    calls.extend((0..999).map(|_| desk.call()));
    for call in &calls {
        append(&journal, call);
    }
    until("the failure is visible", || journal.status().last_error.is_some()).await;
    let status = journal.status();
    assert_eq!(status.records_waiting, 1000);
    assert!(status.bytes > 100_000, "{status:?}");
    assert_eq!(status.oldest, Some(calls[0].at + calls[0].duration), "it did not wait while it ran");
    assert_eq!(status.refusing, None);
    assert!(status.last_error.is_some_and(|error| error.contains("not available") && error.ends_with(": it is away")));

    desk.store.set_away(false);
    journal.flush().await.unwrap();
    assert_eq!(desk.stored().await, calls);
    until("all is well again", || journal.status().last_error.is_none()).await;
    assert_eq!(journal.status().oldest, None);
}

#[tokio::test]
async fn a_database_that_takes_calls_again_is_not_said_to_take_none() {
    let desk = Desk::new();
    desk.store.set_away(true);
    let (taken, halted, go_on) = Default::default();
    let halting = Arc::new(Halting { store: desk.store.clone(), taken, halted, go_on });
    let config = JournalConfig { batch_records: 1, ..JournalConfig::new(desk.path()) };
    let journal = open(config, Arc::clone(&halting) as Arc<dyn CallRepo>).await;
    for _ in 0..3 {
        append(&journal, &desk.call());
    }
    until("the failure is visible", || journal.status().last_error.is_some()).await;
    // It is tried again.
    halting.halted.notified().await;
    desk.store.set_away(false);
    halting.go_on.notify_one();
    // The first batch is stored, and the others still wait.
    halting.halted.notified().await;
    let status = journal.status();
    assert_eq!((status.last_error, status.records_waiting), (None, 2));
    halting.go_on.notify_one();
}

#[tokio::test]
async fn a_shutdown_without_the_database_tells_what_is_left() {
    let desk = Desk::new();
    desk.store.set_away(true);
    let journal = desk.open().await;
    let call = desk.call();
    append(&journal, &call);
    let error = journal.shutdown(Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(error, PersistenceError::NotDrained { records: 1 }), "{error}");
    assert!(journal.append(&call).is_err(), "it takes no more");
    drop(journal);
    desk.store.set_away(false);
    desk.open().await.flush().await.unwrap();
    assert_eq!(desk.stored().await, [call]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_threads_lose_nothing() {
    const THREADS: usize = 8;
    const EACH: usize = 2000;
    let desk = Desk::new();
    // Small segments, so that they are begun and drained all the time.
    let journal = Arc::new(desk.open_with(|config| config.segment_bytes = 32 * 1024).await);
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (journal, project) = (Arc::clone(&journal), desk.project);
            std::thread::spawn(move || {
                let calls: Vec<_> = (0..EACH).map(|_| a_call().in_project(project).build()).collect();
                for call in &calls {
                    append(&journal, call);
                }
                calls
            })
        })
        .collect();
    let mut calls = Vec::new();
    for thread in threads {
        calls.extend(tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap());
    }
    journal.flush().await.unwrap();
    calls.sort_by_key(|call| call.id);
    assert!(desk.stored().await == calls, "each is stored once");
    assert_eq!(journal.status().records_waiting, 0);
    assert_eq!(journal.status().bytes, 0);
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(desk.files(), [""; 0]);
}
