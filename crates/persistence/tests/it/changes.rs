//! News of commits: from other processes, in time, and none missed.

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_util::StreamExt;
use orch_domain::change::Change;
use orch_domain::id::ProjectId;
use orch_domain::user::User;
use orch_persistence::{Database, DatabaseConfig, DatabaseUrl};
use orch_testkit::builders::{a_project, a_user, an_audit_entry};
use orch_testkit::contract::TestStore;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::stores::{Location, SeaStore, on_postgres, on_sqlite};

pub(crate) type News = Pin<Box<dyn Stream<Item = Change> + Send>>;

pub(crate) async fn next(news: &mut News) -> Change {
    tokio::time::timeout(Duration::from_secs(20), news.next()).await.expect("a change in time").expect("no end")
}

pub(crate) async fn a_user_in(store: &SeaStore) -> User {
    let user = a_user().build();
    store.users().create(&user, &an_audit_entry().build()).await.unwrap();
    user
}

async fn a_project_in(store: &SeaStore, admin: &User) -> ProjectId {
    let project = a_project().build();
    store.projects().create(&project, admin.id, &an_audit_entry().build()).await.unwrap();
    project.id
}

async fn another_process_sees_each_commit(location: Location) {
    const WRITES: u32 = 20;
    let (writer, reader) = (location.open().await, location.open().await);
    let admin = a_user_in(&writer).await;
    let mut news = reader.changes().subscribe();
    let mut own = writer.changes().subscribe();
    let start = Instant::now();
    for _ in 0..WRITES {
        let change = Change::Project(a_project_in(&writer, &admin).await);
        while next(&mut news).await != change {}
        while next(&mut own).await != change {}
    }
    // The look at the table that happens anyway, once in a second, would take twice as long.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    writer.close().await;
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_sees_each_commit_to_a_sqlite_file() {
    on_sqlite(another_process_sees_each_commit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_sees_each_commit_to_postgres() {
    on_postgres(another_process_sees_each_commit).await;
}

/// Several processes write at once: every follower sees everything once, and all see it in one order.
async fn all_followers_see_the_same(location: Location) {
    const EACH: usize = 15;
    let stores = [location.open().await, location.open().await, location.open().await];
    let admin = a_user_in(&stores[0]).await;
    let mut news: Vec<News> = stores.iter().map(|store| store.changes().subscribe()).collect();
    let stores = stores.map(std::sync::Arc::new);
    let writers: Vec<_> = stores
        .iter()
        .map(|store| {
            let (store, admin) = (std::sync::Arc::clone(store), admin.clone());
            tokio::spawn(async move {
                for _ in 0..EACH {
                    a_project_in(&store, &admin).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut seen = Vec::new();
    for news in &mut news {
        let mut projects = Vec::new();
        while projects.len() < 3 * EACH {
            match next(news).await {
                Change::Project(id) => projects.push(id),
                Change::Users | Change::Teams | Change::Logins => {}
                Change::Everything => panic!("nobody fell behind"),
            }
        }
        seen.push(projects);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_followers_of_a_sqlite_file_see_the_same() {
    on_sqlite(all_followers_see_the_same).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_followers_of_postgres_see_the_same() {
    on_postgres(all_followers_see_the_same).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_loses_no_change() {
    on_postgres(|location| async move {
        let (writer, reader) = (location.open().await, location.open().await);
        let admin = a_user_in(&writer).await;
        let mut news = reader.changes().subscribe();
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        let listeners = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        for _ in 0..3 {
            wait_until(&raw, &format!("SELECT count(*) = 2 {listeners}")).await;
            raw.execute_unprepared(&format!("SELECT pg_terminate_backend(pid) {listeners}")).await.unwrap();
            let change = Change::Project(a_project_in(&writer, &admin).await);
            while next(&mut news).await != change {}
        }
        raw.close().await.unwrap();
        writer.close().await;
        reader.close().await;
    })
    .await;
}

pub(crate) async fn wait_until(raw: &DatabaseConnection, condition: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let statement = Statement::from_string(raw.get_database_backend(), condition);
        if raw.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap() {
            return;
        }
        assert!(Instant::now() < deadline, "{condition}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_falls_behind_is_told_to_look_at_everything() {
    let database = Database::connect(&DatabaseConfig::new(DatabaseUrl::sqlite_memory())).await.unwrap();
    database.migrate().await.unwrap();
    let store = SeaStore::over(database).await;
    let (mut slow, mut quick) = (store.changes().subscribe(), store.changes().subscribe());
    for _ in 0..1100 {
        a_user_in(&store).await;
        assert_eq!(next(&mut quick).await, Change::Users);
    }
    assert_eq!(next(&mut slow).await, Change::Everything);
    store.close().await;
}

#[tokio::test]
async fn an_older_copy_of_the_database_is_noticed() {
    on_sqlite(|location| async move {
        let store = location.open().await;
        for _ in 0..3 {
            a_user_in(&store).await;
        }
        let mut news = store.changes().subscribe();
        let last = Change::Project(a_project_in(&store, &a_user_in(&store).await).await);
        while next(&mut news).await != last {}
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        raw.execute_unprepared("DELETE FROM changes; UPDATE sqlite_sequence SET seq = 1 WHERE name = 'changes'")
            .await
            .unwrap();
        raw.close().await.unwrap();
        assert_eq!(next(&mut news).await, Change::Everything);
        let id = a_project_in(&store, &a_user_in(&store).await).await;
        assert_eq!(next(&mut news).await, Change::Users);
        assert_eq!(next(&mut news).await, Change::Project(id));
        store.close().await;
    })
    .await;
}

async fn old_news_are_trimmed(location: Location) {
    let store = location.open().await;
    let raw = sea_orm::Database::connect(location.url()).await.unwrap();
    for seq in [5, 6, 12_000] {
        let insert = format!("INSERT INTO changes (seq, kind) VALUES ({seq}, 'users')");
        raw.execute_unprepared(&insert).await.unwrap();
    }
    if raw.get_database_backend() == sea_orm::DbBackend::Postgres {
        raw.execute_unprepared("SELECT setval(pg_get_serial_sequence('changes', 'seq'), 12000)").await.unwrap();
    }
    a_user_in(&store).await;
    let left = Statement::from_string(raw.get_database_backend(), "SELECT seq FROM changes ORDER BY seq");
    let left = raw.query_all_raw(left).await.unwrap();
    let left: Vec<i64> = left.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    // The account, and the entry about it.
    assert_eq!(left, [12_000, 12_001, 12_002]);
    raw.close().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn old_news_are_trimmed_on_sqlite() {
    on_sqlite(old_news_are_trimmed).await;
}

#[tokio::test]
async fn old_news_are_trimmed_on_postgres() {
    on_postgres(old_news_are_trimmed).await;
}

#[tokio::test]
async fn streams_end_with_the_follower() {
    on_sqlite(|location| async move {
        let store = location.open().await;
        let (changes, mut news) = (store.changes(), store.changes().subscribe());
        store.close().await;
        assert_eq!(news.next().await, None);
        assert_eq!(
            changes.subscribe().next().await,
            None,
            "who comes too late hears nothing, and does not wait for it"
        );
    })
    .await;
}
