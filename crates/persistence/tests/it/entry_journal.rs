//! Entries that are on record before the database has them.

use std::path::Path;
use std::time::{Duration, Instant};

use orch_domain::activity::EntryFilter;
use orch_domain::audit::{AuditEntry, AuditRecord, FactName};
use orch_domain::id::ProjectId;
use orch_domain::page::PageRequest;
use orch_domain::port::audit_log::AuditLog;
use orch_persistence::{Database, DatabaseConfig, DatabaseUrl, EntryJournal, SeaAuditChain, SeaAuditLog};
use orch_testkit::builders::an_audit_entry;

use crate::stores::{Location, on_postgres, on_sqlite};

const PATIENCE: Duration = Duration::from_secs(20);

async fn migrated(location: &Location) -> Database {
    let database = location.connect().await;
    database.migrate().await.unwrap();
    database
}

async fn trail(database: &Database) -> Vec<AuditRecord> {
    SeaAuditLog::new(database.clone()).list(None, &EntryFilter::default(), PageRequest::default()).await.unwrap().items
}

/// Waits until the trail has these, each once, in this order and as they were.
async fn wait_for(database: &Database, entries: &[AuditEntry]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut found = trail(database).await;
        found.reverse();
        if found.len() >= entries.len() || Instant::now() > deadline {
            let told =
                |record: &AuditRecord| (record.id, record.detail.clone(), record.project_id, record.facts.clone());
            let found: Vec<_> = found.iter().map(told).collect();
            let given = |entry: &AuditEntry| {
                let facts = entry.facts.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
                (entry.id, entry.detail.clone(), entry.project_id, facts)
            };
            let expected: Vec<_> = entries.iter().map(given).collect();
            assert_eq!(found, expected);
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

async fn entries_get_to_the_trail(location: Location) {
    let dir = tempfile::tempdir().unwrap();
    let database = migrated(&location).await;
    let journal = EntryJournal::open(dir.path().join("journal"), database.clone()).await.unwrap();
    let project = ProjectId::new();
    let mut entries = Vec::new();
    for number in 0..30 {
        let mut entry = an_audit_entry().in_project(project).with(FactName::Rule, "Nobody \u{2713}").build();
        entry.detail = format!("{number} \u{2713}\n{}", "x".repeat(number * 1000));
        journal.append(std::slice::from_ref(&entry)).unwrap();
        entries.push(entry);
    }
    wait_for(&database, &entries).await;
    assert!(SeaAuditChain::new(database.clone()).verify(&[]).await.unwrap().is_sound(), "as links of the chain");
    journal.shutdown(PATIENCE).await.unwrap();
    // Whoever still holds the journal.
    assert_eq!(files(&dir.path().join("journal")), 0);
    journal.append(&entries).unwrap_err();
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_get_to_the_trail_of_sqlite() {
    on_sqlite(entries_get_to_the_trail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_get_to_the_trail_of_postgres() {
    on_postgres(entries_get_to_the_trail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_start_brings_what_a_process_left() {
    on_sqlite(|location| async move {
        let dir = tempfile::tempdir().unwrap();
        // A database that has no tables takes nothing.
        let away = Database::connect(&DatabaseConfig::new(DatabaseUrl::sqlite_memory())).await.unwrap();
        let journal = EntryJournal::open(dir.path().to_owned(), away.clone()).await.unwrap();
        let entries = [an_audit_entry().build(), an_audit_entry().build()];
        journal.append(&entries).unwrap();
        journal.shutdown(Duration::ZERO).await.unwrap_err();
        // One that lives keeps what it has.
        let database = migrated(&location).await;
        let other = EntryJournal::open(dir.path().to_owned(), database.clone()).await.unwrap();
        other.shutdown(PATIENCE).await.unwrap();
        assert_eq!(trail(&database).await, []);
        drop((journal, other));

        let left = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let whole = std::fs::read(&left).unwrap();
        std::fs::write(&left, [whole.as_slice(), b"{\"id\":\"torn"].concat()).unwrap();
        // What a crash left behind that the trail has already.
        std::fs::copy(&left, dir.path().join("again.entries")).unwrap();
        let journal = EntryJournal::open(dir.path().to_owned(), database.clone()).await.unwrap();
        journal.shutdown(PATIENCE).await.unwrap();
        wait_for(&database, &entries).await;
        drop(journal);
        assert_eq!(files(dir.path()), 0);
        away.close().await;
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_over_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let left = dir.path().join("left.entries");
    std::fs::create_dir(&left).unwrap();
    let database = Database::connect(&DatabaseConfig::new(DatabaseUrl::sqlite_memory())).await.unwrap();
    let error = EntryJournal::open(dir.path().to_owned(), database.clone()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.starts_with(&format!("{}: ", left.display())), "{error}: {cause}");
    assert_eq!(files(dir.path()), 1, "of the start that failed, nothing is left");
    database.close().await;
}
