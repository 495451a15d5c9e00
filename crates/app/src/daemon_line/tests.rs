//! Both ends of the line, on a socket in a directory of their own.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use orch_auth::master::{MasterSecrets, Strictness};
use orch_auth::state_seal::StateSeal;
use orch_auth::vault::key::parse_keys;
use orch_domain::catalog::ItemKind;
use orch_domain::change::Change;
use orch_domain::directory::Directory;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::id::{ProjectId, ServerId, UserId};
use orch_domain::policy::hints::Hints;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::server_repo::ServerRepo;
use orch_domain::port::server_runtime::{Offers, RuntimeError, ServerRuntime};
use orch_domain::port::user_repo::UserRepo;
use orch_domain::server_state::{ServerState, ServerStatus};
use orch_testkit::builders::{a_project, a_server, a_user, an_audit_entry};
use orch_testkit::fakes::{FixedClock, MemoryStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::{Answering, Answers, DaemonLine, SOCKET, message};
use crate::follow;

fn seal(secret: &str) -> Arc<StateSeal> {
    let keys = parse_keys(&"00".repeat(32).into()).expect("keys");
    let secrets = MasterSecrets::derive(&secret.repeat(40).into(), keys, Strictness::Development).expect("secrets");
    Arc::new(StateSeal::new(&secrets))
}

/// Every server is tried again after its second failure.
struct Failing;

#[async_trait]
impl ServerRuntime for Failing {
    fn status(&self, _: ServerId) -> ServerStatus {
        let state = ServerState::BackingOff { until: FixedClock::START, failures: 2 };
        ServerStatus { reason: Some("it ended".to_owned()), ..ServerStatus::new(state, FixedClock::START) }
    }

    async fn start(&self, _: ServerId) -> Result<(), RuntimeError> {
        Err(RuntimeError::Missing)
    }

    async fn stop(&self, _: ServerId) -> Result<(), RuntimeError> {
        Err(RuntimeError::Missing)
    }

    async fn offers(&self, _: ServerId, _: UserId, _: ItemKind) -> Offers {
        Offers::default()
    }

    fn hints(&self, _: ServerId, _: UserId, _: &str) -> Hints {
        Hints::UNSAID
    }
}

/// A daemon with the secret `a` that follows `store` only when it is asked to.
struct Daemon {
    dir: TempDir,
    directory: Arc<LiveDirectory>,
    _answering: Answering,
}

impl Daemon {
    async fn on(store: &MemoryStore) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let directory = Arc::new(LiveDirectory::new(store.load().await.expect("a directory")));
        let (follower, mut errands) = follow::errands();
        let (source, live) = (store.clone(), Arc::clone(&directory));
        tokio::spawn(async move {
            while let Some((_, done)) = errands.recv().await {
                live.replace(source.load().await.expect("a directory"));
                done.send(true).ok();
            }
        });
        let answers =
            Answers { seal: seal("a"), follower, directory: Arc::clone(&directory), runtime: Arc::new(Failing) };
        let answering = Answering::start(dir.path(), answers).expect("a socket");
        Self { dir, directory, _answering: answering }
    }
}

fn line(dir: &Path) -> DaemonLine {
    DaemonLine::new(dir.to_owned(), seal("a"))
}

#[tokio::test]
async fn the_daemon_has_followed_when_the_line_returns() {
    let store = MemoryStore::new();
    let daemon = Daemon::on(&store).await;
    let user = a_user().build();
    UserRepo::create(&store, &user, &an_audit_entry().build()).await.expect("a user");
    assert!(daemon.directory.current().user(user.id).is_none());
    let line = line(daemon.dir.path());
    line.follow(Change::Users).await;
    assert!(daemon.directory.current().user(user.id).is_some());
    assert_eq!(line.unheard(), None);
}

#[tokio::test]
async fn tells_what_the_servers_of_a_project_are_doing() {
    let store = MemoryStore::new();
    let user = a_user().build();
    UserRepo::create(&store, &user, &an_audit_entry().build()).await.expect("a user");
    let project = a_project().build();
    ProjectRepo::create(&store, &project, user.id, &an_audit_entry().build()).await.expect("a project");
    let server = a_server().in_project(project.id).build();
    ServerRepo::create(&store, &server, &an_audit_entry().build()).await.expect("a server");
    let daemon = Daemon::on(&store).await;
    let line = line(daemon.dir.path());
    let reports = line.servers(project.id).await.expect("an answer").expect("a daemon");
    let report = reports.get(&server.id.to_string()).expect("the server");
    assert_eq!((reports.len(), report.state.as_str()), (1, "backing_off"));
    assert_eq!(report.last_failure.as_deref(), Some("it ended"));
    let failing = report.failing.as_ref().expect("it fails");
    assert_eq!((failing.failures, failing.tried_again), (Some(2), Some(FixedClock::START)));
    let unknown = line.servers(ProjectId::new()).await.expect("an answer");
    assert_eq!(unknown, Some(BTreeMap::new()));
}

#[tokio::test]
async fn who_has_not_the_secret_learns_nothing_and_changes_nothing() {
    let store = MemoryStore::new();
    let daemon = Daemon::on(&store).await;
    let user = a_user().build();
    UserRepo::create(&store, &user, &an_audit_entry().build()).await.expect("a user");
    let stranger = DaemonLine::new(daemon.dir.path().to_owned(), seal("b"));
    stranger.follow(Change::Users).await;
    assert!(daemon.directory.current().user(user.id).is_none() && stranger.unheard().is_some());
    let refused = stranger.servers(ProjectId::new()).await.expect_err("a refusal").to_string();
    assert_eq!(refused, "the daemon gave no answer");

    // Nor is an answer believed that somebody else gives, or that was given to another question.
    let sealed = message::seal(&seal("a"), &[message::ANSWER, b"another"], &message::Answer::Servers(BTreeMap::new()));
    let other = tempfile::tempdir().expect("a directory");
    let listener = UnixListener::bind(other.path().join(SOCKET)).expect("a socket");
    let answering = async {
        let (mut stream, _) = listener.accept().await.expect("somebody asks");
        stream.write_all(sealed.expect("an answer").as_bytes()).await.expect("it is read");
    };
    let line = line(other.path());
    let (asked, ()) = tokio::join!(line.servers(ProjectId::new()), answering);
    asked.expect_err("it is not believed");
}

#[tokio::test]
async fn an_endless_question_is_not_read() {
    let daemon = Daemon::on(&MemoryStore::new()).await;
    let mut stream = UnixStream::connect(daemon.dir.path().join(SOCKET)).await.expect("the daemon");
    // Far more than lies between the two.
    stream.write_all(&vec![b'x'; 32 << 20]).await.expect_err("the daemon has closed");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    assert_eq!(answer, b"");
}

#[tokio::test]
async fn who_asks_nothing_keeps_nobody_from_asking() {
    let daemon = Daemon::on(&MemoryStore::new()).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(UnixStream::connect(daemon.dir.path().join(SOCKET)).await.expect("the daemon"));
    }
    let line = line(daemon.dir.path());
    assert_eq!(line.servers(ProjectId::new()).await.expect("an answer"), Some(BTreeMap::new()));
}

#[tokio::test]
async fn says_what_was_not_heard() {
    let dir = tempfile::tempdir().expect("a directory");
    let listener = UnixListener::bind(dir.path().join(SOCKET)).expect("a socket");
    let line = line(dir.path());
    let leaving = async {
        drop(listener.accept().await.expect("somebody asks"));
    };
    tokio::join!(line.follow(Change::Users), leaving);
    assert!(line.unheard().is_some());
}

#[tokio::test]
async fn where_no_daemon_runs_nobody_is_waited_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let nobody = || async {
        let line = line(dir.path());
        line.follow(Change::Everything).await;
        assert_eq!(line.unheard(), None);
        assert_eq!(line.servers(ProjectId::new()).await.expect("no error"), None);
    };
    nobody().await;
    // What a daemon leaves behind that was killed.
    drop(UnixListener::bind(dir.path().join(SOCKET)).expect("a socket"));
    assert!(dir.path().join(SOCKET).exists());
    nobody().await;
}

#[tokio::test]
async fn the_socket_is_for_its_owner_and_goes_with_the_daemon() {
    let long: PathBuf = tempfile::tempdir().expect("a directory").keep().join("d".repeat(120));
    std::fs::create_dir(&long).expect("a directory");
    let answers = || Answers {
        seal: seal("a"),
        follower: follow::errands().0,
        directory: Arc::new(LiveDirectory::new(Directory::default())),
        runtime: Arc::new(Failing),
    };
    let socket = long.join(SOCKET);
    let first = Answering::start(&long, answers()).expect("a socket");
    assert_eq!(std::fs::metadata(&socket).expect("the socket").permissions().mode() & 0o777, 0o600);
    assert_eq!(line(&long).servers(ProjectId::new()).await.expect("an answer"), Some(BTreeMap::new()));
    drop(first);
    assert!(!socket.exists());
    // One that was left behind is in nobody's way.
    std::fs::write(&socket, "").expect("a file");
    let second = Answering::start(&long, answers()).expect("a socket");
    assert_eq!(line(&long).servers(ProjectId::new()).await.expect("an answer"), Some(BTreeMap::new()));
    drop(second);
    std::fs::remove_dir_all(long.parent().expect("its parent")).expect("it is removed");
}
