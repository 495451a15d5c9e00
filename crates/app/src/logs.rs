//! Logs of servers, from the memory and the disk of this process or from what the daemon has written.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orch_domain::directory::Directory;
use orch_domain::error::StoreError;
use orch_domain::id::ServerId;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::server_logs::{LogLine, LogQuery, LogSource, ServerLogs};
use orch_supervisor::{LogFilter, LogStore, LogStream, Writing};

/// How often files that another process writes are looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

pub(crate) struct StoredLogs {
    store: Arc<LogStore>,
    writing: Writing,
}

impl StoredLogs {
    pub(crate) const fn new(store: Arc<LogStore>, writing: Writing) -> Self {
        Self { store, writing }
    }
}

/// The name of a server's log in the store.
pub(crate) fn name(server: ServerId) -> String {
    server.to_string()
}

/// Takes away the logs of servers that were deleted while nothing ran here. `known` are the servers of a moment ago; those
/// that another process has made since are seen by looking again, after the logs and only where it matters.
pub(crate) async fn forget_deleted(
    store: &Arc<LogStore>,
    known: &Directory,
    source: &dyn DirectorySource,
) -> Result<usize, StoreError> {
    let listing = tokio::task::spawn_blocking({
        let store = Arc::clone(store);
        move || store.names()
    });
    let names =
        listing.await.map_err(|source| StoreError::Unavailable { doing: "listing logs", source: Box::new(source) })?;
    // What is no id was not put there by us.
    let mut servers: HashSet<ServerId> = names.iter().filter_map(|name| name.parse().ok()).collect();
    leave_out(&mut servers, known);
    if servers.is_empty() {
        return Ok(0);
    }
    let now = source.load().await?;
    leave_out(&mut servers, &now);
    for server in &servers {
        store.forget(&name(*server));
    }
    Ok(servers.len())
}

#[async_trait]
impl ServerLogs for StoredLogs {
    async fn read(&self, server: ServerId, query: &LogQuery) -> Result<Vec<LogLine>, StoreError> {
        let (store, query) = (Arc::clone(&self.store), query.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let stream = query.source.map(|source| match source {
                LogSource::Stderr => LogStream::Stderr,
                LogSource::Protocol => LogStream::Protocol,
                LogSource::Daemon => LogStream::Daemon,
            });
            let LogQuery { after, before, limit, search, .. } = query;
            store.read(&name(server), &LogFilter { after, before, limit, search, stream })
        });
        let unavailable = |source| StoreError::Unavailable { doing: "reading a log", source: Box::new(source) };
        let lines = reading.await.map_err(unavailable)?;
        Ok(lines.iter().map(|line| line_of(line)).collect())
    }

    async fn follow(&self, server: ServerId, after: u64, limit: usize) -> Result<Vec<LogLine>, StoreError> {
        let query = LogQuery { after: Some(after), ..LogQuery::tail(limit) };
        loop {
            let lines = self.read(server, &query).await?;
            if !lines.is_empty() {
                return Ok(lines);
            }
            if self.writing == Writing::No {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
            let store = Arc::clone(&self.store);
            let opening = tokio::task::spawn_blocking(move || store.log(&name(server), None));
            let log = opening
                .await
                .map_err(|source| StoreError::Unavailable { doing: "opening a log", source: Box::new(source) })?;
            let mut follower = log.follow(after);
            // A log that is forgotten gets a successor, which has nothing to do with this one.
            drop(log);
            if follower.next().await.is_none() {
                return Err(StoreError::Missing { what: "the log" });
            }
        }
    }
}

/// Leaves out the servers that there are.
fn leave_out(servers: &mut HashSet<ServerId>, directory: &Directory) {
    for server in directory.projects().flat_map(|project| project.servers.values()) {
        servers.remove(&server.id);
    }
}

fn line_of(line: &orch_supervisor::LogLine) -> LogLine {
    LogLine {
        seq: line.seq,
        at: line.at.into(),
        source: match line.stream {
            LogStream::Stderr => LogSource::Stderr,
            LogStream::Protocol => LogSource::Protocol,
            LogStream::Daemon => LogSource::Daemon,
        },
        pid: line.pid,
        text: line.text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use orch_domain::id::ServerId;
    use orch_domain::port::directory_source::DirectorySource as _;
    use orch_domain::port::project_repo::ProjectRepo;
    use orch_domain::port::server_repo::ServerRepo;
    use orch_domain::port::user_repo::UserRepo;
    use orch_supervisor::{LogDisk, LogLimits, LogStore, Writing};
    use orch_testkit::builders::{a_project, a_server, a_user, an_audit_entry};
    use orch_testkit::fakes::MemoryStore;

    use super::{forget_deleted, name};

    fn open(directory: &tempfile::TempDir) -> Arc<LogStore> {
        let clock = Arc::new(|| SystemTime::UNIX_EPOCH);
        let place = directory.path().join("logs");
        Arc::new(LogStore::open(place, LogLimits::default(), LogDisk::default(), clock, Writing::Yes).expect("a store"))
    }

    #[tokio::test]
    async fn logs_of_servers_that_are_no_more_go_and_no_others() {
        let (directory, source) = (tempfile::tempdir().expect("a directory"), MemoryStore::new());
        let (user, project) = (a_user().build(), a_project().build());
        UserRepo::create(&source, &user, &an_audit_entry().build()).await.expect("a user");
        ProjectRepo::create(&source, &project, user.id, &an_audit_entry().build()).await.expect("a project");
        let server = a_server().in_project(project.id).build();
        let before = source.load().await.expect("a directory");
        // As another process may, after this one has read all servers.
        ServerRepo::create(&source, &server, &an_audit_entry().build()).await.expect("a server");
        let deleted = ServerId::new();
        let earlier = open(&directory);
        for log in [name(server.id), name(deleted), "foreign".to_owned()] {
            earlier.log(&log, None).push("a line");
        }
        earlier.close();

        let store = open(&directory);
        assert_eq!(forget_deleted(&store, &before, &source).await.expect("a count"), 1);
        store.close();
        let mut left = store.names();
        left.sort();
        let mut expected = ["foreign".to_owned(), name(server.id)];
        expected.sort();
        assert_eq!(left, expected);
        let now = source.load().await.expect("a directory");
        assert_eq!(forget_deleted(&open(&directory), &now, &source).await.expect("a count"), 0);
    }
}
