//! Copies of a database that is worked on, and their way back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use orch_domain::id::ProjectId;
use orch_domain::port::user_repo::UserRepo;
use orch_persistence::{BackupError, Database, DatabaseConfig, DatabaseUrl, SeaAuditChain, sqlite_file};
use orch_testkit::builders::{a_call, a_project, a_server, a_user, an_audit_entry};
use orch_testkit::contract::TestStore;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

use crate::changes::wait_until;
use crate::stores::{Location, SeaStore, on_postgres, on_sqlite};

async fn fill(store: &SeaStore) -> ProjectId {
    let entry = || an_audit_entry().build();
    // Texts that a format of copies has to escape.
    let (user, project) = (a_user().named("tab\tline\nback\\slash \\N ünd").build(), a_project().build());
    store.users().create(&user, &entry()).await.unwrap();
    store.projects().create(&project, user.id, &entry()).await.unwrap();
    store.servers().create(&a_server().in_project(project.id).build(), &entry()).await.unwrap();
    let calls: Vec<_> = (0..500).map(|_| a_call().in_project(project.id).build()).collect();
    store.calls().insert(&calls).await.unwrap();
    project.id
}

/// Copies while somebody writes, restores, and finds a whole record that can be written on.
async fn comes_back_as_it_was(location: Location, target: Location) {
    let store = location.open().await;
    let project = fill(&store).await;
    let writing = Arc::new(AtomicBool::new(true));
    let writer = {
        let (writing, calls) = (Arc::clone(&writing), store.calls());
        tokio::spawn(async move {
            while writing.load(Ordering::SeqCst) {
                calls.insert(&[a_call().in_project(project).build()]).await.unwrap();
            }
        })
    };
    let dir = tempfile::tempdir().unwrap();
    let copy = store.database.copy_to(dir.path()).await.unwrap();
    writing.store(false, Ordering::SeqCst);
    writer.await.unwrap();

    if target.url().starts_with("sqlite") {
        let file = target.url().strip_prefix("sqlite://").unwrap();
        std::fs::copy(sqlite_file(dir.path()), file).unwrap();
    } else {
        let empty = target.connect().await;
        empty.fill_from(dir.path(), &copy).await.unwrap();
        let again = empty.fill_from(dir.path(), &copy).await.unwrap_err();
        assert!(matches!(again, BackupError::NotEmpty { .. }), "{again}");
        empty.close().await;
    }
    let back = target.open().await;
    back.database.check_integrity().await.unwrap();
    let expected: Vec<_> = copy.tables.iter().map(|table| (table.name.clone(), table.rows)).collect();
    assert_eq!(back.database.count_rows(&copy).await.unwrap(), expected);
    assert!(expected.iter().any(|(name, rows)| name == "calls" && *rows >= 500), "{expected:?}");
    let names = |users: Vec<orch_domain::user::User>| users.into_iter().map(|user| user.name).collect::<Vec<_>>();
    let page = orch_domain::page::PageRequest::default();
    let of = async |users: Arc<dyn UserRepo>| names(users.list(None, page).await.unwrap().items);
    assert_eq!(of(back.users()).await, of(store.users()).await);
    let chain = SeaAuditChain::new(back.database.clone());
    assert_eq!(chain.verify(&[]).await.unwrap().findings, []);
    // What has numbers of its own goes on counting where it was.
    fill(&back).await;
    back.calls().insert(&[a_call().in_project(project).build()]).await.unwrap();
    assert_eq!(chain.verify(&[]).await.unwrap().findings, []);
    store.close().await;
    back.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_database_comes_back_as_it_was() {
    on_sqlite(|location| async move {
        on_sqlite(|target| async move { comes_back_as_it_was(location, target).await }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_database_comes_back_as_it_was() {
    on_postgres(|location| async move {
        on_postgres(|target| async move { comes_back_as_it_was(location, target).await }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_database_goes_on_in_postgres() {
    on_sqlite(|location| async move {
        on_postgres(|target| async move { comes_back_as_it_was(location, target).await }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_half_way_leaves_nothing_in_postgres() {
    on_postgres(|location| async move {
        on_postgres(|target| async move {
            let store = location.open().await;
            fill(&store).await;
            let dir = tempfile::tempdir().unwrap();
            let copy = store.database.copy_to(dir.path()).await.unwrap();
            store.close().await;
            // After the schema and most of the rows.
            let last = dir.path().join("users.copy");
            let whole = std::fs::read(&last).unwrap();
            std::fs::write(&last, [whole.as_slice(), b"no row of a user\n"].concat()).unwrap();
            let empty = target.connect().await;
            let broken = empty.fill_from(dir.path(), &copy).await.unwrap_err();
            assert!(matches!(&broken, BackupError::Database { doing, .. } if doing.contains("users")), "{broken}");
            let raw = sea_orm::Database::connect(target.url()).await.unwrap();
            let tables = "SELECT count(*) AS tables FROM pg_tables WHERE schemaname = current_schema()";
            let tables = raw.query_one_raw(Statement::from_string(raw.get_database_backend(), tables)).await.unwrap();
            assert_eq!(tables.unwrap().try_get::<i64>("", "tables").unwrap(), 0);
            raw.close().await.unwrap();
            std::fs::write(&last, whole).unwrap();
            empty.fill_from(dir.path(), &copy).await.unwrap();
            empty.close().await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_a_database_for_empty_that_is_being_filled() {
    on_postgres(|location| async move {
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        let make = async || {
            let filling = raw.begin().await.unwrap();
            // As migrations and restores do.
            filling.execute_unprepared("SELECT pg_advisory_xact_lock(x'6f7263680001'::bigint)").await.unwrap();
            filling.execute_unprepared("CREATE TABLE first (id INT)").await.unwrap();
            filling
        };
        let url = DatabaseUrl::parse(location.url()).unwrap();
        let config = DatabaseConfig { answer_timeout_ms: 300, ..DatabaseConfig::new(url) };
        let hasty = Database::connect(&config).await.unwrap();
        let filling = make().await;
        let told = hasty.first_table().await;
        assert!(matches!(told, Err(BackupError::Held)), "{told:?}");
        filling.rollback().await.unwrap();
        assert_eq!(hasty.first_table().await.unwrap(), None);
        hasty.close().await;

        let filling = make().await;
        let database = location.connect().await;
        let looking = database.clone();
        let looking = tokio::spawn(async move { looking.first_table().await.unwrap() });
        let waits = "datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'";
        wait_until(&raw, &format!("SELECT count(*) = 1 FROM pg_stat_activity WHERE {waits}")).await;
        filling.commit().await.unwrap();
        assert_eq!(looking.await.unwrap().as_deref(), Some("first"));
        database.close().await;
        raw.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_to_a_sqlite_file_is_found() {
    on_sqlite(|location| async move {
        let store = location.open().await;
        fill(&store).await;
        let dir = tempfile::tempdir().unwrap();
        store.database.copy_to(dir.path()).await.unwrap();
        store.close().await;
        let file = sqlite_file(dir.path());
        let other = sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
        // An index that does not agree with its table.
        other.execute_unprepared("PRAGMA writable_schema = ON").await.unwrap();
        let drop = "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'users_email') \
                    WHERE name = 'projects_slug'";
        other.execute_unprepared(drop).await.unwrap();
        other.close().await.unwrap();
        let damaged = Database::connect(&DatabaseConfig::new(DatabaseUrl::sqlite_file(&file))).await.unwrap();
        let error = damaged.check_integrity().await.unwrap_err();
        assert!(matches!(error, BackupError::Unusable { .. } | BackupError::Database { .. }), "{error}");
        damaged.close().await;
    })
    .await;
}
