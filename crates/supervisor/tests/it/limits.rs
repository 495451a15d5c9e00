//! Limits of a command and all that it starts: whoever goes over one is ended, and it is said which one it was.

use std::sync::Arc;

use orch_supervisor::{ExitReason, Launcher as _, LimitKind, Process, ProcessLimits, ProcessLog};
use tokio::{io::AsyncReadExt as _, time::timeout};

use crate::support::{PATIENCE, Seen, a_log, all_gone, eventually, launcher, lines, output, sh, texts};

const MIB: u64 = 1024 * 1024;

async fn launch(script: &str, limits: ProcessLimits) -> (Process, Arc<ProcessLog>) {
    let log = a_log();
    let mut spec = sh(script);
    spec.limits = limits;
    (launcher().launch(spec, Arc::clone(&log)).await.unwrap(), log)
}

async fn check_ends(script: &str, limits: ProcessLimits, kind: LimitKind, limit: u64, said: &str) {
    let (process, log) = launch(script, limits).await;
    assert_eq!(process.exited().await, ExitReason::OverLimit { kind, limit }, "{:?}", texts(&log));
    assert!(texts(&log).iter().any(|text| text.contains(said)), "{:?}", texts(&log));
}

#[tokio::test]
async fn too_much_memory_ends_it() {
    // What reads to the end of a line that has none holds all of it.
    let script = "(head -c 200000000 /dev/zero; sleep 1000) | tail; sleep 1000";
    let limits = ProcessLimits { memory_bytes: Some(64 * MIB), ..ProcessLimits::default() };
    check_ends(script, limits, LimitKind::Memory, 64 * MIB, "more memory than its limit of 64 MiB").await;
}

#[tokio::test]
async fn memory_that_is_shared_counts() {
    // Little by little, so that it is never its own.
    let script = r#"exec python3 -c '
import mmap, time
m = mmap.mmap(-1, 256 << 20); chunk = bytes(1 << 20)
for n in range(256): m.write(chunk)
time.sleep(1000)'"#;
    let limits = ProcessLimits { memory_bytes: Some(128 * MIB), ..ProcessLimits::default() };
    check_ends(script, limits, LimitKind::Memory, 128 * MIB, "more memory than its limit of 128 MiB").await;
}

#[tokio::test]
async fn memory_that_several_share_counts_once() {
    // Each of five has all of it, which is more than the limit only if it is added up. There is room above what they
    // really have, as the shares of those that are left grow while the others end, one after the other.
    let script = r#"exec python3 -c '
import mmap, os, sys
m = mmap.mmap(-1, 64 << 20); chunk = bytes(1 << 20)
for n in range(64): m.write(chunk)
for child in range(4):
    if os.fork() == 0:
        sum(m[n] for n in range(0, 64 << 20, 4096)); os.write(1, b"x"); os.read(0, 1); os._exit(0)
os.read(0, 1)'"#;
    let limits = ProcessLimits { memory_bytes: Some(256 * MIB), ..ProcessLimits::default() };
    let (process, log) = launch(script, limits).await;
    let mut ready = process.take_stdout().unwrap();
    timeout(PATIENCE, ready.read_exact(&mut [0; 4])).await.unwrap().unwrap();
    // Several looks, each of which would have ended it.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(process.exit_reason(), None, "{:?}", texts(&log));
    drop(process.take_stdin());
    assert_eq!(process.exited().await, ExitReason::Code(0), "{:?}", texts(&log));
}

#[tokio::test]
async fn too_much_processor_time_ends_it() {
    let limits = ProcessLimits { cpu_seconds: Some(1), ..ProcessLimits::default() };
    check_ends("while :; do :; done", limits, LimitKind::CpuTime, 1, "its limit of 1 s").await;
}

#[tokio::test]
async fn too_much_processor_time_of_its_children_ends_it() {
    // None of them comes near the limit by itself.
    let script = "while :; do timeout 0.2 sh -c 'while :; do :; done'; done";
    let limits = ProcessLimits { cpu_seconds: Some(1), ..ProcessLimits::default() };
    check_ends(script, limits, LimitKind::CpuTime, 1, "its limit of 1 s").await;
}

#[tokio::test]
async fn too_many_processes_end_it() {
    let script = "for i in $(seq 40); do sleep 1000 & done; wait; sleep 1000";
    let limits = ProcessLimits { processes: Some(10), ..ProcessLimits::default() };
    check_ends(script, limits, LimitKind::Processes, 10, "its limit of 10").await;
}

#[tokio::test]
async fn threads_are_no_processes() {
    let script = r#"exec python3 -c '
import os, threading
for n in range(40): threading.Thread(target=os.read, args=(0, 1)).start()
os.write(1, b"x")'"#;
    // The interpreter may be behind a script.
    let limits = ProcessLimits { processes: Some(8), ..ProcessLimits::default() };
    let (process, log) = launch(script, limits).await;
    let mut ready = process.take_stdout().unwrap();
    timeout(PATIENCE, ready.read_exact(&mut [0; 1])).await.unwrap().unwrap();
    drop(process.take_stdin());
    assert_eq!(process.exited().await, ExitReason::Code(0), "{:?}", texts(&log));
}

#[tokio::test]
async fn a_fork_bomb_ends_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("bomb-marker");
    // Each one in a session of its own, so that no group holds them all.
    std::fs::write(&mark, "setsid sh \"$0\" & setsid sh \"$0\" & wait").unwrap();
    let script = format!("sh {}", mark.display());
    let limits = ProcessLimits { processes: Some(30), ..ProcessLimits::default() };
    check_ends(&script, limits, LimitKind::Processes, 30, "its limit of 30").await;
    let name = mark.display().to_string();
    eventually("no process of the bomb is left", || !command_lines().any(|line| line.contains(&name))).await;
}

fn command_lines() -> impl Iterator<Item = String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    })
}

#[tokio::test]
async fn the_number_of_open_files_is_the_kernels_to_hold() {
    let limits = ProcessLimits { open_files: Some(32), ..ProcessLimits::default() };
    let (process, log) = launch("ulimit -n; ulimit -Hn; ulimit -c", limits).await;
    assert_eq!(output(&process).await, "32\n32\n0\n");
    assert_eq!(process.exited().await, ExitReason::Code(0));
    drop(log);
    // Reaching it ends nothing, and is said.
    let script = "i=3; while [ $i -lt 10 ]; do eval \"exec $i</dev/null\"; i=$((i+1)); done; read go";
    let limits = ProcessLimits { open_files: Some(10), ..ProcessLimits::default() };
    let (process, log) = launch(script, limits).await;
    eventually("it is said", || texts(&log).iter().any(|text| text.contains("its limit of 10 open files"))).await;
    drop(process.take_stdin());
    assert!(matches!(process.exited().await, ExitReason::Code(_)));
}

#[tokio::test]
async fn what_stays_within_its_limits_is_left_alone() {
    let limits = ProcessLimits {
        memory_bytes: Some(256 * MIB),
        cpu_seconds: Some(60),
        open_files: Some(64),
        processes: Some(20),
    };
    let (process, _) = launch("sleep 1000 & echo $! $$; read go; exit 5", limits).await;
    let seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(process.exit_reason(), None);
    drop(process.take_stdin());
    assert_eq!(process.exited().await, ExitReason::Code(5));
    all_gone(&seen).await;
}
