//! Whatever is under way on a connection to PostgreSQL that goes silent comes to an end; what is merely slow goes on.

use std::fs::File;
use std::future::Future;
use std::time::Duration;

use orch_domain::error::StoreError;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::user_repo::UserRepo;
use orch_persistence::{EntryJournal, SeaAuditChain, SeaDirectorySource, SeaUserRepo};
use orch_testkit::builders::{a_user, an_audit_entry};
use orch_testkit::contract::TestStore;
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::changes::wait_until;
use crate::stores::{Location, SeaStore, on_postgres};
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
        let way = Way::deaf_to(&location, b"CREATE TABLE").await;
        let database = way.connect_for(READS_MS).await;
        comes_to_an_end(database.migrate()).await.unwrap_err();
        way.end();
        // The server takes the lock of migrations from who is not heard of any more.
        comes_to_an_end(location.open()).await.close().await;
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
async fn a_way_back_that_is_given_up_leaves_what_nobody_takes() {
    on_postgres(|location| async move {
        on_postgres(|target| async move {
            let store = location.open().await;
            let user = a_user().named("The Last Straw").build();
            store.users().create(&user, &an_audit_entry().build()).await.unwrap();
            let dir = tempfile::tempdir().unwrap();
            let copy = store.database.copy_to(dir.path()).await.unwrap();
            store.close().await;
            // More than there is room for on the way.
            let rows = File::options().append(true).open(dir.path().join("users.copy")).unwrap();
            rows.set_len(64 << 20).unwrap();
            let way = Way::deaf_to(&target, b"The Last Straw").await;
            let database = way.connect_for(READS_MS).await;
            comes_to_an_end(database.fill_from(dir.path(), &copy)).await.unwrap_err();
            way.fallen().await;
            way.end();
        })
        .await;
    })
    .await;
}

/// A proxy may have another process serve what comes before the transaction.
#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_is_watched_is_the_one_of_the_transaction() {
    on_postgres(|location| async move {
        let store = location.open().await;
        let dir = tempfile::tempdir().unwrap();
        let copy = store.database.copy_to(dir.path()).await.unwrap();
        store.close().await;
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        let again = tempfile::tempdir().unwrap();
        for count in 1..=3 {
            let way = Way::deaf_to(&location, b"pg_backend_pid").await;
            let database = way.connect_for(READS_MS).await;
            let work = async {
                match count {
                    1 => database.first_table().await.map(drop),
                    2 => database.copy_to(again.path()).await.map(drop),
                    _ => database.fill_from(dir.path(), &copy).await,
                }
            };
            comes_to_an_end(work).await.unwrap_err();
            let asked = "datname = current_database() AND query LIKE 'SELECT pg_backend_pid%' AND \
                         state = 'idle in transaction'";
            wait_until(&raw, &format!("SELECT count(*) = {count} FROM pg_stat_activity WHERE {asked}")).await;
            way.end();
        }
        raw.close().await.unwrap();
    })
    .await;
}

/// Has the server wait for a lock of somebody else for so many seconds in the middle of the work.
async fn delayed<T: Send + 'static>(
    location: &Location,
    (lock, seconds): (&str, u32),
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    let raw = sea_orm::Database::connect(location.url()).await.unwrap();
    let other = raw.begin().await.unwrap();
    other.execute_unprepared(lock).await.unwrap();
    let work = tokio::spawn(work);
    let waits = format!(
        "datname = current_database() AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > \
         interval '{seconds} seconds'"
    );
    wait_until(&raw, &format!("SELECT count(*) = 1 FROM pg_stat_activity WHERE {waits}")).await;
    other.rollback().await.unwrap();
    raw.close().await.unwrap();
    work.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_server_works_on_is_waited_for() {
    on_postgres(|location| async move {
        location.open().await.close().await;
        let way = Way::to(&location, b"nothing of the kind").await;
        let users = SeaUserRepo::new(way.connect_for(READS_MS).await);
        let write = async move { users.create(&a_user().build(), &an_audit_entry().build()).await };
        let lock = "LOCK TABLE users IN ACCESS EXCLUSIVE MODE";
        delayed(&location, (lock, 7), write).await.expect("it takes as long as it takes");
        way.end();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_through_the_record_is_waited_for() {
    on_postgres(|location| async move {
        location.open().await.close().await;
        let way = Way::to(&location, b"nothing of the kind").await;
        let chain = SeaAuditChain::new(way.connect_for(READS_MS).await);
        let verify = async move { chain.verify(&[]).await };
        let lock = "LOCK TABLE calls IN ACCESS EXCLUSIVE MODE";
        let report = delayed(&location, (lock, 2), verify).await.expect("it takes as long as it takes");
        assert!(report.is_sound(), "{report:?}");
        way.end();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_without_an_answer_ends_no_work() {
    on_postgres(|location| async move {
        let way = Way::to(&location, b"pg_stat_activity").await;
        let database = way.connect_for(READS_MS).await;
        let migrate = async move { database.migrate().await };
        // As other migrations do.
        let lock = "SELECT pg_advisory_xact_lock(x'6f7263680001'::bigint)";
        delayed(&location, (lock, 12), migrate).await.expect("it takes as long as it takes");
        way.fallen().await;
        way.end();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_nothing_at_all_is_given_up() {
    on_postgres(|location| async move {
        let way = Way::to(&location, b"CREATE TABLE").await;
        let database = way.connect_for(READS_MS).await;
        let migrate = async {
            let ends = comes_to_an_end(database.migrate()).await;
            ends.unwrap_err();
        };
        let leave = async {
            way.fallen().await;
            way.end();
            way.silence();
        };
        tokio::join!(migrate, leave);
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
