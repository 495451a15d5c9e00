//! Torn ends are tolerated, damage is kept and told, and neither costs a record that can be read.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use orch_domain::call::Call;
use orch_domain::error::StoreError;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::call_log::{CallFilter, CallRepo, JournalPlace};
use orch_persistence::JournalConfig;
use orch_testkit::builders::a_call;
use orch_testkit::fakes::MemoryStore;

use super::{Desk, append, open};

#[tokio::test]
async fn a_torn_last_frame_is_tolerated() {
    for torn in
        [&b"\x60"[..], b"\x60\0\0\0\x12\x34", b"\x60\0\0\0\x12\x34\x56\x78 the beginning of a record", &[0; 50_000]]
    {
        let desk = Desk::new();
        let calls = desk.leave_behind(20).await;
        OpenOptions::new().append(true).open(desk.only("journal")).unwrap().write_all(torn).unwrap();
        let journal = desk.open().await;
        assert_eq!(journal.status().records_waiting, 20);
        journal.flush().await.unwrap();
        assert_eq!(desk.stored().await, calls);
        journal.shutdown(Duration::from_secs(30)).await.unwrap();
        assert_eq!(journal.status().corrupt_segments, 0);
        assert_eq!(desk.files(), [""; 0]);
    }
}

#[tokio::test]
async fn a_record_cut_in_the_middle_is_tolerated() {
    let desk = Desk::new();
    let calls = desk.leave_behind(20).await;
    let file = OpenOptions::new().write(true).open(desk.only("journal")).unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    let journal = desk.open().await;
    journal.flush().await.unwrap();
    assert_eq!(desk.stored().await, calls[..19]);
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(desk.files(), [""; 0]);
}

#[tokio::test]
async fn a_damaged_frame_in_the_middle_is_kept_and_told() {
    let desk = Desk::new();
    let mut calls = desk.leave_behind(100).await;
    let path = desk.only("journal");
    let mut bytes = fs::read(&path).unwrap();
    // Within the frame of the 51st: all are of one length.
    let frame = (bytes.len() - 24) / 100;
    bytes[24 + 50 * frame + 20] ^= 0xff;
    fs::write(&path, &bytes).unwrap();
    calls.remove(50);
    calls.extend(desk.leave_behind(3).await);

    let journal = desk.open().await;
    journal.flush().await.unwrap();
    assert_eq!(desk.stored().await, calls, "what comes after it is not lost, nor is the next file");
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(journal.status().corrupt_segments, 1);
    assert_eq!(desk.files(), ["corrupt"]);
    let kept = fs::read(desk.only("corrupt")).unwrap();
    assert_eq!(kept[24..], bytes[24..], "for people to look at");
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_kept_and_told() {
    let desk = Desk::new();
    let calls = desk.leave_behind(1).await;
    fs::write(desk.path().join("0.journal"), "something else, and long enough to have a header").unwrap();
    fs::write(desk.path().join("1.journal"), "short").unwrap();
    let journal = desk.open().await;
    journal.flush().await.unwrap();
    assert_eq!(desk.stored().await, calls);
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(journal.status().corrupt_segments, 2);
    assert_eq!(desk.files(), ["corrupt", "corrupt"]);
}

/// Takes calls, but not those that ask for `poison`.
struct Picky(MemoryStore);

#[async_trait]
impl CallRepo for Picky {
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError> {
        CallRepo::list(&self.0, filter, page).await
    }

    async fn insert_from(&self, calls: &[Call], place: Option<JournalPlace<'_>>) -> Result<(), StoreError> {
        match calls.iter().find(|call| call.target == "poison") {
            Some(call) => Err(StoreError::Corrupt {
                table: "calls",
                column: "target",
                row: call.id.to_string(),
                reason: "poison".to_owned(),
            }),
            None => self.0.insert_from(calls, place).await,
        }
    }
}

#[tokio::test]
async fn a_record_that_the_database_refuses_is_put_aside_and_stops_nothing() {
    let desk = Desk::new();
    let repo = Arc::new(Picky(desk.store.clone()));
    let journal = open(JournalConfig::new(desk.path()), repo).await;
    let mut calls = Vec::new();
    for number in 0..10 {
        let call = desk.call();
        append(&journal, &call);
        calls.push(call);
        if number % 5 == 0 {
            append(&journal, &a_call().in_project(desk.project).to_nowhere("poison").build());
        }
    }
    journal.flush().await.unwrap();
    assert_eq!(desk.stored().await, calls);
    assert_eq!(journal.status().rejected_records, 2);
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(desk.files(), ["rejected"]);
    let kept = fs::read(desk.only("rejected")).unwrap();
    assert_eq!(kept.windows(6).filter(|bytes| bytes == b"poison").count(), 2);
}

/// Refuses `poison`, and goes away for once with the record after one that it took; what it has taken stays taken.
struct Leaving(Picky, AtomicBool);

#[async_trait]
impl CallRepo for Leaving {
    async fn list(&self, filter: CallFilter, page: PageRequest) -> Result<Page<Call>, StoreError> {
        self.0.list(filter, page).await
    }

    async fn insert_from(&self, calls: &[Call], place: Option<JournalPlace<'_>>) -> Result<(), StoreError> {
        if self.1.load(Ordering::SeqCst) {
            return self.0.0.insert_from(calls, place).await;
        }
        if matches!(calls, [call] if call.target == "pause") {
            self.1.store(true, Ordering::SeqCst);
            return Err(StoreError::Unavailable { doing: "storing calls", source: "it is away".into() });
        }
        self.0.insert_from(calls, place).await
    }
}

#[tokio::test]
async fn a_refused_record_is_put_aside_before_the_database_goes_away() {
    let desk = Desk::new();
    let repo = Arc::new(Leaving(Picky(desk.store.clone()), AtomicBool::new(false)));
    let journal = open(JournalConfig::new(desk.path()), repo).await;
    let calls: Vec<_> = ["poison", "fine", "pause", "after"]
        .into_iter()
        .map(|target| a_call().in_project(desk.project).to_nowhere(target).build())
        .collect();
    for call in &calls {
        append(&journal, call);
    }
    journal.flush().await.unwrap();
    assert_eq!(desk.stored().await, calls[1..], "what was passed over is not looked at again");
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    let kept = fs::read(desk.only("rejected")).unwrap();
    assert_eq!(kept.windows(6).filter(|bytes| bytes == b"poison").count(), 1);
}
