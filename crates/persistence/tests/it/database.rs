//! What is particular to a database: files and their modes, several writers, values that one of them dislikes.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::page::PageRequest;
use orch_domain::port::call_log::{CallFilter, JournalPlace};
use orch_persistence::{Database, DatabaseConfig, DatabaseKind, DatabaseUrl, PersistenceConfig};
use orch_testkit::builders::{a_call, a_key, a_project, a_user, an_audit_entry};
use orch_testkit::contract::{self, TestStore};
use orch_testkit::fakes::FixedClock;
use sea_orm::{ConnectionTrait, Statement};

use crate::stores::{Location, SeaStore, on_postgres, on_sqlite};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_sqlite_file_is_made_with_its_directory_and_for_us_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/down/orch.db");
    let database = Database::connect(&DatabaseConfig::new(DatabaseUrl::sqlite_file(&path))).await.unwrap();
    database.migrate().await.unwrap();
    assert_eq!(database.kind(), DatabaseKind::Sqlite);
    assert_eq!(mode(&path), 0o600);
    for companion in ["deep/down/orch.db-wal", "deep/down/orch.db-shm"] {
        assert_eq!(mode(&dir.path().join(companion)), 0o600, "{companion}");
    }
    assert_eq!(mode(&dir.path().join("deep")), 0o700);
    database.close().await;

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let database = Database::connect(&DatabaseConfig::new(DatabaseUrl::sqlite_file(&path))).await.unwrap();
    assert_eq!(mode(&path), 0o600, "one that others could read is protected");
    database.ping().await.unwrap();
    database.close().await;
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    on_sqlite(|location| async move {
        let (user, entry) = (a_user().build(), an_audit_entry().build());
        let store = location.open().await;
        store.users().create(&user, &entry).await.unwrap();
        store.close().await;
        let store = location.open().await;
        assert_eq!(store.users().find(user.id).await.unwrap(), Some(user));
        store.close().await;
    })
    .await;
}

/// How nice the threads of this process with that name are.
fn nice(name: &str) -> Vec<i32> {
    let stats = fs::read_dir("/proc/self/task").unwrap().filter_map(|task| {
        // A thread may end meanwhile.
        fs::read_to_string(task.unwrap().path().join("stat")).ok()
    });
    let named = stats.filter(|stat| stat.contains(&format!("({name})")));
    named.map(|stat| stat.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn calls_are_stored_on_a_thread_that_gives_way() {
    on_sqlite(|location| async move {
        let store = location.open().await;
        let calls: Vec<_> = (0..3).map(|_| a_call().build()).collect();
        let place = JournalPlace { segment: uuid::Uuid::now_v7(), ends: &[10, 20, 30], is_urgent: false };
        store.calls().insert_from(&calls, Some(place)).await.unwrap();
        let nice = nice("sqlite-behind");
        assert!(nice.contains(&19), "{nice:?}");
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_memory_does_as_well() {
    let database = Database::connect(&DatabaseConfig::new(DatabaseUrl::sqlite_memory())).await.unwrap();
    database.migrate().await.unwrap();
    let store = SeaStore::over(database).await;
    contract::user_repo(&store).await;
    contract::changes(&store).await;
    store.close().await;
}

#[tokio::test]
async fn no_error_repeats_the_password() {
    for url in ["postgresql://ada:s3cret@127.0.0.1:1/orch", "postgresql+asyncpg://ada:s3cret@no.invalid/orch"] {
        let config = DatabaseConfig { acquire_timeout_ms: 1000, ..DatabaseConfig::new(url.parse().unwrap()) };
        assert!(!format!("{config:?}").contains("s3cret"));
        let error = Database::connect(&config).await.unwrap_err();
        let mut told = format!("{error:?}");
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            told += &format!("\n{error}");
            cause = error.source();
        }
        assert!(!told.contains("s3cret"), "{told}");
        assert!(error.to_string().contains("/orch cannot be reached"), "{error}");
    }
}

/// What is said of a database at that URL that cannot be opened, with its cause.
async fn refused(url: &str) -> String {
    let config = DatabaseConfig { acquire_timeout_ms: 1000, ..DatabaseConfig::new(url.parse().unwrap()) };
    let error = Database::connect(&config).await.unwrap_err();
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

#[tokio::test]
async fn the_first_error_of_a_connection_is_told() {
    // A port that was free a moment ago, and that nobody listens at.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let told = refused(&format!("postgresql://ada@127.0.0.1:{port}/orch")).await;
    assert!(told.contains("/orch cannot be reached: Connection refused"), "{told}");
    // One that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let told = refused(&format!("postgresql://ada@127.0.0.1:{}/orch", silent.local_addr().unwrap().port())).await;
    assert!(told.contains("/orch cannot be reached: it does not answer"), "{told}");
    on_postgres(|location| async move {
        let url = location.url().replace(location.url().rsplit('/').next().unwrap(), "nowhere");
        let told = refused(&url).await;
        assert!(told.contains("cannot be reached: database \"nowhere\" does not exist"), "{told}");
    })
    .await;
}

async fn refuses_what_a_newer_version_has_written(location: Location) {
    let database = location.connect().await;
    database.migrate().await.unwrap();
    database.close().await;
    let connection = sea_orm::Database::connect(location.url()).await.unwrap();
    let step = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_create_wonders', 0)";
    connection.execute_unprepared(step).await.unwrap();
    connection.close().await.unwrap();
    let told = Database::connect(&DatabaseConfig::new(location.url().parse().unwrap())).await.unwrap_err().to_string();
    assert!(
        told.contains("was written by a newer version") && told.contains("m29991231_000001_create_wonders"),
        "{told}"
    );
}

#[tokio::test]
async fn sqlite_refuses_what_a_newer_version_has_written() {
    on_sqlite(refuses_what_a_newer_version_has_written).await;
}

#[tokio::test]
async fn postgres_refuses_what_a_newer_version_has_written() {
    on_postgres(refuses_what_a_newer_version_has_written).await;
}

#[tokio::test]
async fn an_error_names_the_file() {
    let config = DatabaseConfig::new(DatabaseUrl::sqlite_file("/proc/no/such.db"));
    let error = Database::connect(&config).await.unwrap_err();
    assert!(error.to_string().contains("/proc/no/such.db"), "{error}");
}

#[test]
fn settings_with_a_typo_are_refused() {
    let read = |text| serde_json::from_str::<PersistenceConfig>(text);
    let config = read(r#"{"database": {"url": "sqlite+aiosqlite:///./x.db"}, "journal": {"max_bytes": 1}}"#).unwrap();
    assert_eq!((config.database.url.to_string().as_str(), config.journal.max_bytes), ("sqlite://./x.db", 1));
    for text in [r#"{"databse": {}}"#, r#"{"database": {"uri": "x"}}"#, r#"{"journal": {"max": 1}}"#] {
        assert!(read(text).is_err(), "{text}");
    }
    let error = read(r#"{"database": {"url": "mysql://ada:s3cret@db/x"}}"#).unwrap_err().to_string();
    assert!(!error.contains("s3cret"), "{error}");
}

/// Two daemons with four writers each: nobody is turned away because somebody else writes.
async fn many_write_at_once(location: Location) {
    const EACH: usize = 20;
    let daemons = [location.open().await, location.open().await];
    let mut writers = Vec::new();
    for store in &daemons {
        for _ in 0..4 {
            let (users, calls, audit) = (store.users(), store.calls(), store.audit());
            writers.push(tokio::spawn(async move {
                for _ in 0..EACH {
                    users.create(&a_user().build(), &an_audit_entry().build()).await.unwrap();
                    calls.insert(&[a_call().build(), a_call().build()]).await.unwrap();
                    audit.append(&an_audit_entry().build()).await.unwrap();
                }
            }));
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let users = daemons[0].users().list(None, PageRequest::new(PageRequest::MAX_LIMIT, None)).await.unwrap();
    assert_eq!(users.items.len(), 8 * EACH);
    for store in daemons {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_write_to_a_sqlite_file_at_once() {
    on_sqlite(many_write_at_once).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_write_to_postgres_at_once() {
    on_postgres(many_write_at_once).await;
}

async fn takes_odd_values(location: Location) {
    let store = location.open().await;
    // PostgreSQL knows no NUL in a text; a client may well send one.
    let project = ProjectId::new();
    let call = a_call().in_project(project).to_nowhere("a\0b").build();
    store.calls().insert(&[call]).await.unwrap();
    let stored = store.calls().list(CallFilter::all(project), PageRequest::default()).await.unwrap().items;
    assert_eq!(stored[0].target, "a\u{fffd}b");
    store.audit().append(&an_audit_entry().detail("a\0b").build()).await.unwrap();

    // Times are kept in UTC and to the microsecond.
    let odd = FixedClock::START + time::Duration::nanoseconds(999);
    let mut user = a_user().deactivated(odd.to_offset(time::macros::offset!(+9))).build();
    user.created_at = odd;
    store.users().create(&user, &an_audit_entry().build()).await.unwrap();
    let found = store.users().find(user.id).await.unwrap().unwrap();
    assert_eq!((found.created_at, found.deactivated_at), (FixedClock::START, Some(FixedClock::START)));
    store.close().await;
}

#[tokio::test]
async fn sqlite_takes_odd_values() {
    on_sqlite(takes_odd_values).await;
}

#[tokio::test]
async fn postgres_takes_odd_values() {
    on_postgres(takes_odd_values).await;
}

/// What comes last when calls are stored fails: nothing of them is left behind, and trying again stores each once.
async fn storing_calls_is_one_step(location: Location, fail: &[&str], mend: &str) {
    let store = location.open().await;
    let (user, project) = (a_user().build(), a_project().build());
    store.users().create(&user, &an_audit_entry().build()).await.unwrap();
    store.projects().create(&project, user.id, &an_audit_entry().build()).await.unwrap();
    let key = a_key().in_project(project.id).by(user.id).build();
    store.keys().create(&key, &an_audit_entry().build()).await.unwrap();
    let raw = sea_orm::Database::connect(location.url()).await.unwrap();
    for sql in fail {
        raw.execute_unprepared(sql).await.unwrap();
    }

    let calls: Vec<_> = (0..3).map(|_| a_call().in_project(project.id).by(user.id).with_key(key.id).build()).collect();
    let place = || JournalPlace { segment: SEGMENT, ends: &[10, 20, 30], is_urgent: false };
    let outcome = store.calls().insert_from(&calls, Some(place())).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
    let backend = raw.get_database_backend();
    for table in ["calls", "call_shapes", "usage_items", "usage_sums", "journal_marks"] {
        let count = Statement::from_string(backend, format!("SELECT COUNT(*) AS n FROM {table}"));
        let row = raw.query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i64>("", "n").unwrap(), 0, "{table}");
    }

    raw.execute_unprepared(mend).await.unwrap();
    raw.close().await.unwrap();
    for _ in 0..2 {
        store.calls().insert_from(&calls, Some(place())).await.unwrap();
    }
    let mut stored = store.calls().list(CallFilter::all(project.id), PageRequest::default()).await.unwrap().items;
    stored.reverse();
    assert_eq!(stored, calls);
    assert!(store.keys().find(key.id).await.unwrap().unwrap().last_used_at.is_some());
    store.close().await;
}

const SEGMENT: uuid::Uuid = uuid::Uuid::from_u128(7);

#[tokio::test]
async fn sqlite_stores_calls_in_one_step() {
    let fail = ["CREATE TRIGGER stop BEFORE UPDATE ON api_keys BEGIN SELECT RAISE(ABORT, 'stop'); END"];
    on_sqlite(|location| storing_calls_is_one_step(location, &fail, "DROP TRIGGER stop")).await;
}

#[tokio::test]
async fn postgres_stores_calls_in_one_step() {
    let fail = [
        "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''stop''; END'",
        "CREATE TRIGGER stop BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION stop()",
    ];
    on_postgres(|location| storing_calls_is_one_step(location, &fail, "DROP TRIGGER stop ON api_keys")).await;
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_named() {
    on_sqlite(|location| async move {
        let store = location.open().await;
        let (user, project) = (a_user().build(), a_project().build());
        store.users().create(&user, &an_audit_entry().build()).await.unwrap();
        store.projects().create(&project, user.id, &an_audit_entry().build()).await.unwrap();
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        raw.execute_unprepared("UPDATE memberships SET role = 'owner'").await.unwrap();
        raw.close().await.unwrap();
        let error = store.projects().find_member(project.id, user.id).await.unwrap_err();
        let StoreError::Corrupt { table, column, row, reason } = error else { panic!("{error:?}") };
        assert_eq!((table, column), ("memberships", "role"));
        assert!(row.contains(&user.id.to_string()) && reason.contains("owner"), "{row}: {reason}");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_unavailable() {
    on_postgres(|location| async move {
        let store = location.open().await;
        store.database.close().await;
        let outcome = store.users().has_instance_admin().await;
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
        assert!(matches!(store.database.ping().await, Err(StoreError::Unavailable { .. })));
    })
    .await;
}
