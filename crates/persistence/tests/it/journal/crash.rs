//! Processes that are killed, and disks that take nothing: this test binary runs itself as the process in question.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use orch_domain::call::Call;
use orch_domain::id::{CallId, ProjectId};
use orch_domain::port::call_log::{CallLog, CallLogError};
use orch_persistence::{Database, DatabaseConfig, DatabaseUrl, Journal, JournalConfig, PersistenceError, SeaCallRepo};
use orch_testkit::builders::a_call;
use orch_testkit::fakes::FixedClock;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Desk, append, stored, until};

const DIR: &str = "ORCH_TEST_JOURNAL_DIR";
/// All calls of a child are of this project.
const PROJECT: ProjectId = ProjectId::from_uuid(uuid::Uuid::from_u128(7));

/// Runs one of the tests below in a process of its own, with `prefix` in front of the command.
#[expect(clippy::disallowed_methods, reason = "the child is this very test")]
fn run(test: &str, dir: &Path, prefix: &str) -> Child {
    let script = format!("{prefix} exec \"$0\" \"$@\"");
    std::process::Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("journal::crash::{test}"), "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// None in an ordinary run, when there is nothing to do.
#[expect(clippy::disallowed_methods, reason = "told by the parent")]
fn dir_of_child() -> Option<std::path::PathBuf> {
    std::env::var_os(DIR).map(Into::into)
}

async fn open(dir: &Path) -> Result<(Database, Journal), PersistenceError> {
    let url = DatabaseUrl::sqlite_file(dir.join("test.db"));
    let database = Database::connect(&DatabaseConfig::new(url)).await?;
    database.migrate().await?;
    let mut config = JournalConfig::new(dir.join("journal"));
    // So that the child is killed amid all of it: segments begun, drained and removed.
    config.segment_bytes = 16 * 1024;
    config.batch_records = 50;
    let calls = Arc::new(SeaCallRepo::new(database.clone()));
    let journal = Journal::open(config, calls, Arc::new(FixedClock::default())).await?;
    Ok((database, journal))
}

/// Appends until it is killed. Each id it prints is of a call whose answer could have left.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "read by the parent")]
async fn a_child_appends_until_it_is_killed() {
    let Some(dir) = dir_of_child() else { return };
    let (_database, journal) = open(&dir).await.unwrap();
    let journal = Arc::new(journal);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let journal = Arc::clone(&journal);
            std::thread::spawn(move || {
                let mut call = a_call().in_project(PROJECT).build();
                while journal.append(&call).is_ok() {
                    println!("appended {}", call.id);
                    call.id = CallId::new();
                }
            })
        })
        .collect();
    for thread in threads {
        tokio::task::spawn_blocking(move || thread.join()).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut appended: Vec<CallId> = Vec::new();
    // The second child takes over what the first has left, and is killed as well.
    for records in [3000, 1, 2000] {
        let mut child = run("a_child_appends_until_it_is_killed", dir.path(), "");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let read = tokio::task::spawn_blocking(move || {
            let mut ids = Vec::new();
            for line in lines {
                // The last line may be torn, like all that was under way.
                let Some(id) = line.unwrap().strip_prefix("appended ").and_then(|id| id.parse().ok()) else { continue };
                ids.push(id);
                if ids.len() == records {
                    child.kill().unwrap();
                }
            }
            child.wait().unwrap();
            ids
        });
        let ids: Vec<CallId> = read.await.unwrap();
        assert!(ids.len() >= records, "the child has ended by itself");
        appended.extend(ids);
    }

    let (database, journal) = open(dir.path()).await.unwrap();
    journal.flush().await.unwrap();
    let stored: Vec<Call> = stored(&SeaCallRepo::new(database.clone()), PROJECT).await;
    let ids: std::collections::HashSet<_> = stored.iter().map(|call| call.id).collect();
    assert_eq!(ids.len(), stored.len());
    let lost: Vec<_> = appended.iter().filter(|id| !ids.contains(id)).collect();
    assert!(lost.is_empty(), "{} of {} are lost", lost.len(), appended.len());
    assert_eq!(journal.status().corrupt_segments, 0);
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    database.close().await;
    assert_eq!(std::fs::read_dir(dir.path().join("journal")).unwrap().count(), 0);
}

/// Runs with a limit on the size of files, which does what a full disk would.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_whose_disk_is_full_recovers() {
    if dir_of_child().is_none() {
        return;
    }
    let desk = Desk::new();
    let journal = desk.open().await;
    let mut calls = Vec::new();
    let error = loop {
        let call = desk.call();
        match journal.append(&call) {
            Ok(()) => calls.push(call),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CallLogError::Unwritable { .. }), "{error:?}");
    assert!(calls.len() > 50, "{}", calls.len());
    assert!(matches!(journal.check(), Err(CallLogError::Unwritable { .. })), "no call is begun");
    assert!(journal.status().last_error.is_some());

    let unlimited = Rlimit { current: getrlimit(Resource::Fsize).maximum, ..getrlimit(Resource::Fsize) };
    setrlimit(Resource::Fsize, unlimited).unwrap();
    until("it can be written again", || journal.check().is_ok()).await;
    calls.push(desk.call());
    append(&journal, calls.last().unwrap());
    journal.flush().await.unwrap();
    assert_eq!(desk.stored().await, calls, "what was written by half has left no trace");
    journal.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!(journal.status().corrupt_segments, 0);
}

#[tokio::test]
async fn a_full_disk_refuses_calls_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    // Soft, so that the child can lift it; without the signal that would end it.
    let child = run("a_child_whose_disk_is_full_recovers", dir.path(), "trap '' XFSZ; ulimit -S -f 64;");
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
