//! Sudden deaths: of the daemon, of a keeper. Nothing is left either time.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use orch_supervisor::ExitReason;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Seen, all_gone, exe, launch, lines, sh};

/// Starts a stand-in for the daemon whose command runs the script, and reads two lines: the
/// numbers of keeper and command, and those the script tells.
#[expect(clippy::disallowed_methods, reason = "starts a stand-in for the daemon")]
fn stand_in(script: &str) -> (Child, Vec<Seen>) {
    let mut daemon =
        Command::new(exe()).args(["stand-in", script]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(daemon.stdout.take().unwrap()).lines();
    let mut seen = Seen::all(&lines.next().unwrap().unwrap());
    seen.extend(Seen::all(&lines.next().unwrap().unwrap()));
    (daemon, seen)
}

async fn check_sudden_death_of_the_daemon(script: &str) {
    let (mut daemon, seen) = stand_in(script);
    assert!(seen.iter().all(|one| !one.is_gone()));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    all_gone(&seen).await;
}

#[tokio::test]
async fn a_killed_daemon_leaves_no_process() {
    check_sudden_death_of_the_daemon("sleep 1000 & echo $! $$; wait").await;
}

#[tokio::test]
async fn a_killed_daemon_leaves_none_that_ignores_sigterm() {
    check_sudden_death_of_the_daemon("trap '' TERM; sleep 1000 & echo $! $$; wait").await;
}

#[tokio::test]
async fn a_killed_daemon_leaves_none_that_left_its_group() {
    check_sudden_death_of_the_daemon(
        "(setsid sh -c 'trap \"\" TERM; sleep 1000 & echo $! $$; wait' &); exec sleep 1000",
    )
    .await;
}

const ESCAPED: &str = "(setsid sh -c 'trap \"\" TERM; sleep 1000 & echo $! $$; wait' &); exec sleep 1000";

/// The keeper, which is the warden's only child.
fn keeper_of(warden: &Seen) -> Seen {
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", warden.pid)).unwrap();
    Seen::now(children.trim().parse().unwrap())
}

fn kill(pid: u32) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
}

/// Kills the daemon together with what `others` names of warden and keeper, so that none can act for another.
async fn check_deaths_at_once(others: fn(u32, u32) -> Vec<u32>) {
    let (mut daemon, mut seen) = stand_in(ESCAPED);
    let keeper = keeper_of(&seen[0]);
    // Stopped first, so that they die in one moment.
    let dying: Vec<u32> = [vec![daemon.id()], others(seen[0].pid, keeper.pid)].concat();
    for pid in &dying {
        kill_process(Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap(), Signal::STOP).unwrap();
    }
    dying.iter().for_each(|pid| kill(*pid));
    daemon.wait().unwrap();
    seen.push(keeper);
    all_gone(&seen).await;
}

#[tokio::test]
async fn daemon_and_keeper_killed_at_once_leave_none() {
    check_deaths_at_once(|_, keeper| vec![keeper]).await;
}

#[tokio::test]
async fn daemon_and_warden_killed_at_once_leave_none() {
    check_deaths_at_once(|warden, _| vec![warden]).await;
}

#[tokio::test]
async fn daemon_warden_and_keeper_killed_at_once_leave_no_command() {
    let (mut daemon, seen) = stand_in("echo $$; exec sleep 1000");
    let keeper = keeper_of(&seen[0]);
    for pid in [daemon.id(), seen[0].pid, keeper.pid] {
        kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::STOP).unwrap();
    }
    for pid in [daemon.id(), seen[0].pid, keeper.pid] {
        kill(pid);
    }
    daemon.wait().unwrap();
    all_gone(&seen).await;
}

#[tokio::test]
async fn a_killed_keeper_under_its_warden_leaves_none() {
    let process = launch(sh(ESCAPED)).await;
    let seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    let keeper = keeper_of(&Seen::now(process.keeper_pid().unwrap()));
    kill(keeper.pid);
    assert_eq!(process.exited().await, ExitReason::Lost);
    assert!(seen.iter().all(Seen::is_gone), "the end was told before all were gone");
}

#[tokio::test]
async fn a_daemon_that_ends_by_itself_leaves_none() {
    let (daemon, seen) = stand_in("sleep 1000 & echo $! $$; wait");
    let pid = Pid::from_raw(i32::try_from(daemon.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    daemon.wait_with_output().unwrap();
    all_gone(&seen).await;
}

#[tokio::test]
async fn a_killed_keeper_is_noticed_and_leaves_no_group() {
    let process = launch(sh("trap '' TERM; sleep 1000 & echo $! $$; wait")).await;
    let mut seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    let keeper = process.keeper_pid().unwrap();
    seen.push(Seen::now(keeper));
    kill_process(Pid::from_raw(i32::try_from(keeper).unwrap()).unwrap(), Signal::KILL).unwrap();
    assert_eq!(process.exited().await, ExitReason::Lost);
    all_gone(&seen).await;
}

#[tokio::test]
async fn a_keeper_does_not_end_at_signals_meant_for_others() {
    let process = launch(sh("trap '' TERM INT HUP; echo ready; read go; exit 8")).await;
    lines(&process).next_line().await.unwrap();
    let keeper = Pid::from_raw(i32::try_from(process.keeper_pid().unwrap()).unwrap()).unwrap();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::USR1, Signal::PIPE] {
        kill_process(keeper, signal).unwrap();
    }
    drop(process.take_stdin());
    assert_eq!(process.exited().await, ExitReason::Code(8));
}
