//! What dead processes have left is taken over; what living ones have is theirs.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use orch_persistence::{Journal, JournalConfig};
use orch_testkit::fakes::FixedClock;

use super::{Desk, append};

#[tokio::test]
async fn a_restart_takes_over_what_was_left() {
    let desk = Desk::new();
    let mut calls = desk.leave_behind(700).await;
    calls.extend(desk.leave_behind(5).await);
    assert!(desk.stored().await.is_empty());
    let journal = desk.open().await;
    assert_eq!(journal.status().records_waiting, 705);
    append(&journal, &desk.call());
    journal.flush().await.unwrap();
    let stored = desk.stored().await;
    assert_eq!((stored.len(), &stored[..705]), (706, &calls[..]));
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(desk.files(), [""; 0]);
}

#[tokio::test]
async fn what_was_drained_before_is_not_waiting_again() {
    let desk = Desk::new();
    let journal = desk.open().await;
    for _ in 0..10 {
        append(&journal, &desk.call());
    }
    journal.flush().await.unwrap();
    desk.store.set_away(true);
    for _ in 0..3 {
        append(&journal, &desk.call());
    }
    desk.abandon(journal).await;
    let journal = desk.open().await;
    assert_eq!(journal.status().records_waiting, 3);
}

#[tokio::test]
async fn the_file_of_a_living_process_is_left_alone() {
    let desk = Desk::new();
    desk.store.set_away(true);
    let first = desk.open().await;
    append(&first, &desk.call());
    let second = desk.open().await;
    assert_eq!((first.status().records_waiting, second.status().records_waiting), (1, 0));
    desk.store.set_away(false);
    second.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(desk.files(), ["journal"]);
    first.flush().await.unwrap();
    assert_eq!(desk.stored().await.len(), 1);
}

#[tokio::test]
async fn a_file_that_was_never_begun_is_removed() {
    let desk = Desk::new();
    fs::create_dir(desk.path()).unwrap();
    fs::write(desk.path().join("x.new"), "").unwrap();
    fs::write(desk.path().join("y.journal"), "").unwrap();
    fs::write(desk.path().join("README.txt"), "not ours").unwrap();
    let journal = desk.open().await;
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(desk.files(), ["txt"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_over_is_named() {
    let desk = Desk::new();
    let left = desk.path().join("left.journal");
    fs::create_dir_all(&left).unwrap();
    let config = JournalConfig::new(desk.path());
    let error = Journal::open(config, Arc::new(desk.store.clone()), Arc::new(FixedClock::default())).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.starts_with(&format!("{}: ", left.display())), "{error}: {cause}");
}
