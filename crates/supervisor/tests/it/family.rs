//! Descendants: whatever a command starts ends with it.

use std::{fs, path::Path};

use orch_supervisor::{ExitReason, Launcher as _};
use tokio::task::JoinSet;

use crate::support::{PATIENCE, Seen, a_log, all_gone, eventually, launch, launcher, launcher_with, lines, sh};

/// Two that ignore SIGTERM, in a session of their own, orphaned on purpose; tells their numbers.
const ESCAPING: &str = "(setsid sh -c 'trap \"\" TERM; sleep 1000 & echo $! $$; wait' &)";

#[tokio::test]
async fn is_killed_with_its_group() {
    let process = launch(sh("sleep 1000 & (sleep 1000 & echo $! $$; wait) & wait")).await;
    let seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    let keeper = Seen::now(process.keeper_pid().unwrap());
    assert_eq!(process.kill().await, ExitReason::Killed);
    assert!(keeper.is_gone());
    assert!(seen.iter().all(Seen::is_gone), "the end was told before all were gone");
}

#[tokio::test]
async fn what_a_command_leaves_behind_ends_when_it_exits() {
    let process = launch(sh("sleep 1000 >/dev/null 2>&1 & echo $!; read go; exit 4")).await;
    let seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    drop(process.take_stdin());
    assert_eq!(process.exited().await, ExitReason::Code(4));
    assert!(seen.iter().all(Seen::is_gone));
}

#[tokio::test]
async fn those_who_escape_the_group_are_killed_too() {
    let process = launch(sh(&format!("{ESCAPING}; exec sleep 1000"))).await;
    let seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    assert_eq!(seen.len(), 2);
    process.kill().await;
    assert!(seen.iter().all(Seen::is_gone));
}

#[tokio::test]
async fn those_who_escape_end_when_the_command_exits() {
    let process = launch(sh(&format!("{ESCAPING}; read go"))).await;
    let seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    drop(process.take_stdin());
    process.exited().await;
    assert!(seen.iter().all(Seen::is_gone));
}

#[tokio::test]
async fn those_who_escape_are_asked_before_they_are_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("asked");
    let inner = format!("trap \"touch {}; exit\" TERM; echo ready; sleep 1000 & wait", mark.display());
    // However long it takes until it has done so: it is over when they are.
    let script = sh(&format!("(setsid sh -c '{inner}' &); read go"));
    let process = launcher_with(PATIENCE).launch(script, a_log()).await.unwrap();
    lines(&process).next_line().await.unwrap().unwrap();
    // The command itself ends at the end of its input.
    drop(process.take_stdin());
    process.exited().await;
    assert!(mark.exists());
}

#[tokio::test]
async fn dead_orphans_do_not_pile_up() {
    let process = launch(sh("(sh -c 'echo $$' &); exec sleep 1000")).await;
    let orphan = lines(&process).next_line().await.unwrap().unwrap();
    let entry = format!("/proc/{orphan}");
    eventually("the orphan is taken away", || !Path::new(&entry).exists()).await;
    assert_eq!(process.exit_reason(), None);
}

#[tokio::test]
async fn a_dropped_handle_ends_everything() {
    let launcher = launcher();
    let process = launcher.launch(sh(&format!("{ESCAPING}; sleep 1000")), a_log()).await.unwrap();
    let mut seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    seen.push(Seen::now(process.pid()));
    seen.push(Seen::now(process.keeper_pid().unwrap()));
    drop(process);
    launcher.drained().await;
    assert!(seen.iter().all(Seen::is_gone));
}

#[tokio::test]
async fn an_abandoned_launch_leaves_nothing() {
    let launcher = launcher();
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("pid");
    for polls in 0..20 {
        let launch = launcher.launch(sh(&format!("echo $$ >> {}; exec sleep 1000", mark.display())), a_log());
        let mut launch = Box::pin(launch);
        for _ in 0..=polls {
            tokio::select! {
                biased;
                _ = &mut launch => break,
                () = tokio::task::yield_now() => {}
            }
        }
    }
    launcher.drained().await;
    for pid in fs::read_to_string(&mark).unwrap_or_default().split_whitespace() {
        let status = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!status.starts_with("sleep"), "{pid} still runs");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_leave_none() {
    let launcher = std::sync::Arc::new(launcher());
    let mut starting = JoinSet::new();
    for _ in 0..100 {
        let launcher = launcher.clone();
        starting.spawn(async move {
            let process = launcher.launch(sh("sleep 1000 & echo $! $$; wait"), a_log()).await.unwrap();
            let mut seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
            seen.push(Seen::now(process.keeper_pid().unwrap()));
            (process, seen)
        });
    }
    let started = starting.join_all().await;
    assert_eq!(launcher.count(), 100);
    let (processes, seen): (Vec<_>, Vec<_>) = started.into_iter().unzip();
    drop(processes);
    launcher.drained().await;
    all_gone(&seen.concat()).await;
}
