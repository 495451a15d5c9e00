//! PostgreSQL in trouble: connections that go silent, processes that stop in the middle of a write, reads that take long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::page::PageRequest;
use orch_domain::port::call_log::CallFilter;
use orch_domain::port::directory_source::DirectorySource;
use orch_persistence::{Database, DatabaseConfig, DatabaseUrl, SeaDirectorySource};
use orch_testkit::builders::a_call;
use orch_testkit::contract::TestStore;
use sea_orm::{ConnectionTrait, TransactionTrait};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::changes::{a_user_in, next, wait_until};
use crate::stores::{Location, SeaStore, on_postgres};

/// A way to PostgreSQL on which the first connection that carries certain bytes goes silent: neither side hears of the other
/// any more, not even of its end. Other connections are as they should be.
pub(crate) struct Way {
    url: DatabaseUrl,
    task: JoinHandle<()>,
    fall: Arc<Fall>,
}

#[derive(Default)]
struct Fall {
    /// Whether the bytes were seen.
    spent: AtomicBool,
    seen: Notify,
    /// One of each connection: whether it is silent.
    silent: Mutex<Vec<Arc<AtomicBool>>>,
    /// Nothing is taken from the client any more.
    is_deaf: bool,
}

impl Way {
    pub(crate) async fn to(location: &Location, fatal: &'static [u8]) -> Self {
        Self::with(location, fatal, Fall::default()).await
    }

    /// The same, but nobody takes from the client what it sends then, and the server does not hear of its end.
    pub(crate) async fn deaf_to(location: &Location, fatal: &'static [u8]) -> Self {
        Self::with(location, fatal, Fall { is_deaf: true, ..Fall::default() }).await
    }

    async fn with(location: &Location, fatal: &'static [u8], fall: Fall) -> Self {
        let (user, rest) = location.url().split_once('@').expect("a user in the URL");
        let (server, database) = rest.split_once('/').expect("a database in the URL");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = DatabaseUrl::parse(&format!("{user}@{}/{database}", listener.local_addr().unwrap())).unwrap();
        let (server, fall) = (server.to_owned(), Arc::new(fall));
        let of_each = Arc::clone(&fall);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(carry(client, server, fatal, Arc::clone(&of_each)));
            }
        });
        Self { url, task, fall }
    }

    /// Has all connections that there are go silent.
    pub(crate) fn silence(&self) {
        for silent in &*self.fall.silent.lock().unwrap() {
            silent.store(true, Ordering::Relaxed);
        }
    }

    /// Returns once a connection has gone silent by itself.
    pub(crate) async fn fallen(&self) {
        self.fall.seen.notified().await;
    }

    /// Takes no more connections.
    pub(crate) fn end(&self) {
        self.task.abort();
    }

    async fn connect(&self) -> Database {
        // Longer than a silent connection is waited for at any place.
        let config = DatabaseConfig { max_connections: 2, acquire_timeout_ms: 20_000, ..self.config() };
        Database::connect(&config).await.unwrap()
    }

    /// Gives up sooner than usual.
    pub(crate) async fn connect_for(&self, answer_timeout_ms: u64) -> Database {
        let config = DatabaseConfig { answer_timeout_ms, ..self.config() };
        Database::connect(&config).await.unwrap()
    }

    fn config(&self) -> DatabaseConfig {
        DatabaseConfig::new(self.url.clone())
    }

    pub(crate) async fn open(&self) -> SeaStore {
        SeaStore::over(Database::connect(&self.config()).await.unwrap()).await
    }
}

async fn carry(client: TcpStream, server: TcpStream, fatal: &[u8], fall: Arc<Fall>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let silent = Arc::new(AtomicBool::new(false));
    fall.silent.lock().unwrap().push(Arc::clone(&silent));
    let is_silent = Arc::clone(&silent);
    let back = tokio::spawn(async move {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
            if !is_silent.load(Ordering::Relaxed) && to_client.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
        if is_silent.load(Ordering::Relaxed) {
            // Not even of its end.
            std::future::pending::<()>().await;
        }
    });
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
        let bytes = &bytes[..count];
        let was_silent = silent.load(Ordering::Relaxed);
        let is_fatal = bytes.windows(fatal.len()).any(|part| part == fatal);
        let falls = is_fatal && !fall.spent.swap(true, Ordering::Relaxed);
        if falls {
            // Before the server can answer.
            silent.store(true, Ordering::Relaxed);
        }
        if !was_silent && to_server.write_all(bytes).await.is_err() {
            break;
        }
        if falls {
            fall.seen.notify_one();
            if fall.is_deaf {
                std::future::pending::<()>().await;
            }
        }
    }
    back.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_goes_silent_holds_no_change_up() {
    on_postgres(|location| async move {
        let writer = location.open().await;
        let way = Way::to(&location, b"\"changes\".\"kind\"").await;
        let reader = way.open().await;
        let mut news = reader.changes().subscribe();
        a_user_in(&writer).await;
        assert_eq!(next(&mut news).await, Change::Users);
        way.end();
        writer.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_goes_silent_is_given_up_by_those_who_store_calls() {
    on_postgres(|location| async move {
        location.open().await.close().await;
        let way = Way::to(&location, b"INSERT INTO calls").await;
        // Not before the server has taken the locks from who holds them and says nothing.
        let calls = SeaStore::over(way.connect_for(6000).await).await.calls();
        let call = [a_call().build()];
        let stored = calls.insert_from(&call, None).await;
        assert!(matches!(stored, Err(StoreError::Unavailable { .. })), "{stored:?}");
        calls.insert_from(&call, None).await.expect("another connection");
        way.end();
    })
    .await;
}

/// Asking whether the database answers.
const PING: &[u8] = b"SELECT 1\0";

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_goes_silent_does_not_keep_its_place() {
    on_postgres(|location| async move {
        location.open().await.close().await;
        let way = Way::to(&location, PING).await;
        let reader = SeaStore::over(way.connect().await).await;
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        // One of the two places is taken.
        let listens = "datname = current_database() AND query LIKE 'LISTEN%'";
        wait_until(&raw, &format!("SELECT count(*) = 1 FROM pg_stat_activity WHERE {listens}")).await;
        tokio::select! {
            answered = reader.database.ping() => panic!("over a silent connection: {answered:?}"),
            () = way.fallen() => {}
        }
        reader.database.ping().await.expect("a connection in place of the one that was given up");
        way.end();
        raw.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_over_a_connection_that_goes_silent_is_given_up() {
    on_postgres(|location| async move {
        let way = Way::to(&location, PING).await;
        let database = way.connect_for(500).await;
        let read = tokio::time::timeout(Duration::from_secs(60), database.ping()).await.expect("an end");
        assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
        way.end();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_went_silent_while_nobody_used_it_fails_no_request() {
    on_postgres(|location| async move {
        let way = Way::to(&location, b"nothing of the kind").await;
        // It may have come back a moment ago, and be asked for a last time by the library, which waits for ever.
        let config = DatabaseConfig { acquire_timeout_ms: 20_000, ..way.config() };
        let database = Database::connect(&config).await.unwrap();
        database.ping().await.unwrap();
        way.silence();
        database.ping().await.expect("another connection");
        way.end();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_not_waited_for_long() {
    on_postgres(|location| async move {
        let way = Way::to(&location, b"nothing of the kind").await;
        let database = Database::connect(&way.config()).await.unwrap();
        // Connections are refused from here on, and those that there are say nothing.
        way.silence();
        way.task.abort();
        let _ = way.task.await;
        let start = Instant::now();
        database.ping().await.unwrap_err();
        let waited = start.elapsed();
        assert!(waited < Duration::from_secs(6), "{waited:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_in_the_middle_of_a_write_keeps_nobody_from_writing() {
    on_postgres(|location| async move {
        let writer = location.open().await;
        // It has taken the end of the chain, and is never heard of again.
        let way = Way::to(&location, b"UPDATE audit_chains").await;
        let frozen = way.open().await;
        let project = ProjectId::new();
        let a_call = move || [a_call().in_project(project).build()];
        writer.calls().insert_from(&a_call(), None).await.unwrap();
        let calls = frozen.calls();
        let stuck = tokio::spawn(async move { calls.insert_from(&a_call(), None).await });
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        let holds = "state = 'idle in transaction' AND query LIKE 'UPDATE audit_chains%'";
        let holds = format!("SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND {holds}");
        wait_until(&raw, &holds).await;
        let written = writer.calls().insert_from(&a_call(), None).await;
        written.expect("it does not give up before the other has lost the chain");
        stuck.abort();
        way.end();
        raw.close().await.unwrap();
        writer.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_that_take_long_do_not_keep_a_change_from_being_seen() {
    on_postgres(|location| async move {
        let (writer, reader) = (location.open().await, location.open().await);
        let call = a_call().build();
        let filter = CallFilter::all(call.project_id);
        writer.calls().insert_from(&[call], None).await.unwrap();
        let source = SeaDirectorySource::for_following(reader.database.clone());
        let mut news = reader.changes().subscribe();
        let raw = sea_orm::Database::connect(location.url()).await.unwrap();
        let lock = raw.begin().await.unwrap();
        lock.execute_unprepared("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let slow: Vec<_> = (0..20)
            .map(|_| {
                let calls = reader.calls();
                tokio::spawn(async move { calls.list(filter, PageRequest::default()).await })
            })
            .collect();
        // On all connections, but the one that listens.
        let waits = "datname = current_database() AND wait_event_type = 'Lock'";
        wait_until(&raw, &format!("SELECT count(*) >= 9 FROM pg_stat_activity WHERE {waits}")).await;
        let start = Instant::now();
        let user = a_user_in(&writer).await;
        assert_eq!(next(&mut news).await, Change::Users);
        assert!(source.load_users().await.unwrap().contains_key(&user.id));
        // A connection for a read would have been waited for in vain.
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        lock.rollback().await.unwrap();
        for read in slow {
            // Some may have waited for too long.
            let _ = read.await.unwrap();
        }
        raw.close().await.unwrap();
        writer.close().await;
        reader.close().await;
    })
    .await;
}
