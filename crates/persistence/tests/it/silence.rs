//! Whatever is under way on a connection to PostgreSQL that goes silent comes to an end; what is merely slow goes on.

use std::future::Future;
use std::time::Duration;

use orch_domain::error::StoreError;
use orch_domain::port::directory_source::DirectorySource;
use orch_persistence::{EntryJournal, SeaDirectorySource};
use orch_testkit::builders::{a_user, an_audit_entry};
use orch_testkit::contract::TestStore;
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::changes::wait_until;
use crate::stores::{SeaStore, on_postgres};
use crate::trouble::Way;

/// Not before the server has taken the locks from who holds them and says nothing.
const WRITES_MS: u64 = 6000;
/// For what holds no lock.
const READS_MS: u64 = 500;

async fn comes_to_an_end<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("an end")
}

/// `fatal` is what a write says when its connection goes silent.
async fn a_write_is_given_up(fatal: &'static [u8]) {
    on_postgres(|location| async move {
        location.open().await.close().await;
        let way = Way::to(&location, fatal).await;
        let store = SeaStore::over(way.connect_for(WRITES_MS).await).await;
        let users = store.users();
        let user = a_user().build();
        let stored = comes_to_an_end(users.create(&user, &an_audit_entry().build())).await;
        assert!(matches!(stored, Err(StoreError::Unavailable { .. })), "{stored:?}");
        let again = users.create(&user, &an_audit_entry().build()).await;
        // That it was committed has not been heard of.
        let was_committed = fatal.starts_with(b"COMMIT") && matches!(again, Err(StoreError::Conflict { .. }));
        assert!(again.is_ok() || was_committed, "another connection: {again:?}");
        way.end();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_given_up_wherever_it_is() {
    tokio::join!(
        a_write_is_given_up(b"BEGIN"),
        a_write_is_given_up(b"pg_backend_pid"),
        a_write_is_given_up(b"INSERT INTO \"users\""),
        a_write_is_given_up(b"COMMIT"),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_of_several_statements_is_given_up() {
    on_postgres(|location| async move {
        location.open().await.close().await;
        for fatal in [b"BEGIN".as_slice(), b"FROM \"teams\""] {
            let way = Way::to(&location, fatal).await;
            let source = SeaDirectorySource::new(way.connect_for(READS_MS).await);
            let read = comes_to_an_end(source.load()).await;
            assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
            source.load().await.expect("another connection");
            way.end();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_entries_that_wait_on_disk_get_to_the_trail_over_another() {
    on_postgres(|location| async move {
        location.open().await.close().await;
        let way = Way::to(&location, b"INSERT INTO \"audit_entries\"").await;
        let dir = tempfile::tempdir().unwrap();
        let journal = EntryJournal::open(dir.path().to_owned(), way.connect_for(WRITES_MS).await).await.unwrap();
        let entry = an_audit_entry().build();
        journal.append(std::slice::from_ref(&entry)).unwrap();
        way.fallen().await;
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        let stored = format!("SELECT count(*) = 1 FROM audit_entries WHERE id = '{}'", entry.id);
        wait_until(&raw, &stored).await;
        raw.close().await.unwrap();
        way.end();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_the_schema_are_given_up_and_made_by_the_next_start() {
    on_postgres(|location| async move {
        let way = Way::to(&location, b"CREATE TABLE").await;
        let database = way.connect_for(READS_MS).await;
        comes_to_an_end(database.migrate()).await.unwrap_err();
        way.end();
        // Who is not heard of any more still holds the lock of migrations.
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND \
                   state = 'idle in transaction'";
        raw.execute_unprepared(end).await.unwrap();
        raw.close().await.unwrap();
        location.open().await.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_and_its_way_back_are_given_up() {
    on_postgres(|location| async move {
        on_postgres(|target| async move {
            let store = location.open().await;
            for _ in 0..3 {
                store.users().create(&a_user().build(), &an_audit_entry().build()).await.unwrap();
            }
            store.close().await;
            let (broken, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let way = Way::to(&location, b"COPY \"users\"").await;
            let database = way.connect_for(READS_MS).await;
            comes_to_an_end(database.copy_to(broken.path())).await.unwrap_err();
            let copy = database.copy_to(whole.path()).await.expect("another connection");
            way.end();
            for fatal in [b"COPY \"users\"".as_slice(), b"COMMIT\0"] {
                let way = Way::to(&target, fatal).await;
                let database = way.connect_for(READS_MS).await;
                comes_to_an_end(database.fill_from(whole.path(), &copy)).await.unwrap_err();
                way.end();
            }
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_server_works_on_is_waited_for() {
    on_postgres(|location| async move {
        let store = location.open().await;
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        let lock = raw.begin().await.unwrap();
        lock.execute_unprepared("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let way = Way::to(&location, b"nothing of the kind").await;
        let slow = SeaStore::over(way.connect_for(READS_MS).await).await;
        let users = slow.users();
        let writing = tokio::spawn(async move { users.create(&a_user().build(), &an_audit_entry().build()).await });
        let waits = "datname = current_database() AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > \
                     interval '7 seconds'";
        wait_until(&raw, &format!("SELECT count(*) = 1 FROM pg_stat_activity WHERE {waits}")).await;
        lock.rollback().await.unwrap();
        writing.await.unwrap().expect("it takes as long as it takes");
        way.end();
        raw.close().await.unwrap();
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_listens_for_changes_is_replaced() {
    on_postgres(|location| async move {
        location.open().await.close().await;
        let way = Way::to(&location, b"nothing of the kind").await;
        let listener = way.open().await;
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        let listen = |count| {
            let listens = "datname = current_database() AND query LIKE 'LISTEN%'";
            format!("SELECT count(*) = {count} FROM pg_stat_activity WHERE {listens}")
        };
        wait_until(&raw, &listen(1)).await;
        way.silence();
        // The server has not heard of the end of the first.
        wait_until(&raw, &listen(2)).await;
        tokio::time::timeout(Duration::from_secs(20), listener.close()).await.expect("it holds nothing of ours");
        way.end();
        raw.close().await.unwrap();
    })
    .await;
}
