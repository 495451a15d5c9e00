//! Logs on disk: what stays across restarts, what goes when there is too much, and who may read it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use orch_supervisor::{LogDisk, LogFilter, LogLimits, LogLine, LogStore, LogStream, Writing};

use crate::support::eventually;

const ALL: LogFilter = LogFilter { after: None, before: None, limit: usize::MAX, search: None, stream: None };

fn store(directory: &Path, disk: LogDisk, writing: Writing) -> LogStore {
    store_with(directory, LogLimits::default(), disk, writing)
}

fn store_with(directory: &Path, limits: LogLimits, disk: LogDisk, writing: Writing) -> LogStore {
    let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(42);
    LogStore::open(directory.join("logs"), limits, disk, Arc::new(clock), writing).unwrap()
}

fn texts(lines: &[Arc<LogLine>]) -> Vec<String> {
    lines.iter().map(|line| line.text.to_string()).collect()
}

#[test]
fn goes_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let first = store(directory.path(), LogDisk::default(), Writing::Yes);
    first.log("a", None).push("one\ntwo");
    first.close();
    let second = store(directory.path(), LogDisk::default(), Writing::Yes);
    let log = second.log("a", None);
    log.push("three");
    let lines = second.read("a", &ALL);
    assert_eq!(texts(&lines), ["one", "two", "three"]);
    assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(lines[0].at, SystemTime::UNIX_EPOCH + Duration::from_secs(42));
    assert_eq!(texts(&second.read("b", &ALL)), Vec::<String>::new());
}

#[test]
fn finds_lines_on_disk_and_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    let limits = LogLimits { lines: 5, ..LogLimits::default() };
    let store = store_with(directory.path(), limits, LogDisk::default(), Writing::Yes);
    let log = store.log("a", None);
    for number in 1..=20 {
        log.push(format!("line {number}"));
    }
    store.close();
    let numbers = |filter: LogFilter| store.read("a", &filter).iter().map(|line| line.seq).collect::<Vec<_>>();
    assert_eq!(numbers(ALL), (1..=20).collect::<Vec<_>>());
    assert_eq!(numbers(LogFilter { limit: 3, ..ALL }), [18, 19, 20]);
    assert_eq!(numbers(LogFilter { limit: 7, ..ALL }), (14..=20).collect::<Vec<_>>());
    assert_eq!(numbers(LogFilter { before: Some(17), limit: 3, ..ALL }), [14, 15, 16]);
    assert_eq!(numbers(LogFilter { after: Some(2), limit: 3, ..ALL }), [3, 4, 5]);
    assert_eq!(numbers(LogFilter { after: Some(14), ..ALL }), (15..=20).collect::<Vec<_>>());
    assert_eq!(numbers(LogFilter { after: Some(20), ..ALL }), Vec::<u64>::new());
    assert_eq!(numbers(LogFilter { search: Some("LINE 1".into()), limit: 2, ..ALL }), [18, 19]);
    assert_eq!(numbers(LogFilter { stream: Some(LogStream::Stderr), ..ALL }), Vec::<u64>::new());
}

#[test]
fn keeps_no_more_than_its_limit() {
    let directory = tempfile::tempdir().unwrap();
    let limits = LogLimits { lines: 10, ..LogLimits::default() };
    let store = store_with(directory.path(), limits, LogDisk::default(), Writing::Yes);
    let log = store.log("a", Some(16 * 1024));
    for number in 0..2_000 {
        log.push(format!("{number} {}", "x".repeat(80)));
    }
    store.close();
    let files: Vec<_> = fs::read_dir(directory.path().join("logs/a")).unwrap().flatten().collect();
    let bytes: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!(files.len() > 1 && bytes <= 20 * 1024, "{bytes} bytes in {} files", files.len());
    let lines = store.read("a", &ALL);
    assert_eq!(lines.last().unwrap().seq, 2_000);
    assert!(lines.len() < 2_000 && lines.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq));
}

#[test]
fn all_logs_together_keep_no_more_than_the_total() {
    let directory = tempfile::tempdir().unwrap();
    let disk = LogDisk { total_bytes: 20 * 1024, log_bytes: 16 * 1024 };
    for name in ["a", "b", "c"] {
        let store = store(directory.path(), disk, Writing::Yes);
        for number in 0..40 {
            store.log(name, None).push(format!("{number} {}", "x".repeat(200)));
            std::thread::sleep(Duration::from_millis(1));
        }
        store.close();
    }
    let mut bytes = 0;
    for name in ["a", "b", "c"] {
        for file in fs::read_dir(directory.path().join("logs").join(name)).unwrap().flatten() {
            bytes += file.metadata().unwrap().len();
        }
    }
    // The newest part of each stays, whatever the total says.
    assert!(bytes <= 28 * 1024, "{bytes}");
    let reader = store(directory.path(), disk, Writing::No);
    assert_eq!(reader.read("c", &ALL).last().unwrap().seq, 40);
}

#[test]
fn nobody_else_may_read_them() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path(), LogDisk::default(), Writing::Yes);
    store.log("a", None).push("one");
    store.close();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let logs = directory.path().join("logs");
    assert_eq!(mode(&logs), 0o700);
    for file in fs::read_dir(logs.join("a")).unwrap().flatten() {
        assert_eq!(mode(&file.path()), 0o600);
    }
}

#[tokio::test]
async fn a_second_process_reads_and_does_not_write() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = store(directory.path(), LogDisk::default(), Writing::Yes);
    daemon.log("a", None).push("one");
    let other = store(directory.path(), LogDisk::default(), Writing::No);
    eventually("the line is on disk", || texts(&other.read("a", &ALL)) == ["one"]).await;
    let third = store(directory.path(), LogDisk::default(), Writing::Yes);
    third.log("a", None).push("from somebody else");
    third.close();
    assert_eq!(texts(&other.read("a", &ALL)), ["one"]);
    // Its own, which is in memory only, is not the one that it reads.
    other.log("a", None).push("aside");
    assert_eq!(texts(&other.read("a", &ALL)), ["one"]);
}

#[tokio::test]
async fn a_forgotten_log_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path(), LogDisk::default(), Writing::Yes);
    assert!(store.names().is_empty());
    store.log("a", None).push("one");
    eventually("the line is on disk", || directory.path().join("logs/a").exists()).await;
    assert_eq!(store.names(), ["a"], "the lock is no log");
    store.forget("a");
    eventually("the log is gone", || !directory.path().join("logs/a").exists()).await;
    assert!(store.read("a", &ALL).is_empty() && store.names().is_empty());
}

#[test]
fn half_a_line_and_foreign_files_do_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path(), LogDisk::default(), Writing::Yes);
    store.log("a", None).push("one");
    store.close();
    let file = fs::read_dir(directory.path().join("logs/a")).unwrap().flatten().next().unwrap().path();
    let mut text = fs::read_to_string(&file).unwrap();
    text.push_str("{\"seq\":2,\"at\":1,\"str");
    fs::write(&file, text).unwrap();
    fs::write(directory.path().join("logs/a/notes.txt"), "x").unwrap();
    let second = self::store(directory.path(), LogDisk::default(), Writing::Yes);
    second.log("a", None).push("two");
    second.close();
    let reader = self::store(directory.path(), LogDisk::default(), Writing::No);
    assert_eq!(texts(&reader.read("a", &ALL)), ["one", "two"]);
}

#[test]
fn a_name_that_is_a_path_is_kept_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path(), LogDisk::default(), Writing::Yes);
    store.log("../escaped", None).push("one");
    store.close();
    assert!(!directory.path().join("escaped").exists());
    assert_eq!(texts(&store.read("../escaped", &ALL)), ["one"]);
}
