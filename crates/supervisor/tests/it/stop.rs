//! Ending a process politely, and less so.

use std::time::Duration;

use orch_supervisor::{ExitReason, Launcher as _};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, timeout};

use crate::support::{PATIENCE, Seen, a_log, launch, launcher, lines, sh};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn the_end_of_input_is_enough_for_the_polite() {
    let process = launch(sh("cat; exit 6")).await;
    let stopped = timeout(PATIENCE, process.stop(LONG)).await;
    assert_eq!(stopped, Ok(ExitReason::Code(6)));
}

#[tokio::test]
async fn sigterm_follows() {
    let plain = launch(sh("exec sleep 1000")).await;
    let trapping = launch(sh("trap 'exit 5' TERM; echo ready; sleep 1000 & wait")).await;
    lines(&trapping).next_line().await.unwrap();
    let grace = SHORT * 40;
    let stopped = tokio::join!(plain.stop(grace), trapping.stop(grace));
    assert_eq!(stopped, (ExitReason::Signal(15), ExitReason::Code(5)));
}

#[tokio::test]
async fn sigkill_is_last() {
    let process = launch(sh("trap '' TERM; sleep 1000 & echo $! $$; wait")).await;
    let seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    let begun = Instant::now();
    assert_eq!(process.stop(SHORT).await, ExitReason::Killed);
    assert!(begun.elapsed() >= SHORT, "killed before its time");
    assert!(seen.iter().all(Seen::is_gone));
}

#[tokio::test]
async fn a_stopped_shell_is_killed_too() {
    let process = launch(sh("kill -STOP $$; echo never")).await;
    assert_eq!(process.stop(SHORT).await, ExitReason::Killed);
}

#[tokio::test]
async fn several_may_stop_it_and_the_earliest_end_counts() {
    let process = launch(sh("trap '' TERM; echo ready; exec sleep 1000")).await;
    lines(&process).next_line().await.unwrap();
    let all = async { tokio::join!(process.stop(LONG), process.stop(SHORT), process.stop(LONG), process.kill()) };
    let killed = ExitReason::Killed;
    assert_eq!(timeout(PATIENCE, all).await, Ok((killed, killed, killed, killed)));
    assert_eq!(process.stop(LONG).await, killed);
    assert_eq!(process.kill().await, killed);
}

#[tokio::test]
async fn a_stop_nobody_waits_for_goes_on() {
    let process = launch(sh("trap '' TERM; echo ready; exec sleep 1000")).await;
    lines(&process).next_line().await.unwrap();
    assert!(timeout(Duration::from_millis(1), process.stop(SHORT)).await.is_err());
    assert_eq!(timeout(PATIENCE, process.exited()).await, Ok(ExitReason::Killed));
}

#[tokio::test]
async fn a_keeper_that_hangs_is_no_obstacle() {
    let log = a_log();
    let process = launcher().launch(sh("sleep 1000 & echo $! $$; wait"), log).await.unwrap();
    let mut seen = Seen::all(&lines(&process).next_line().await.unwrap().unwrap());
    let keeper = process.keeper_pid().unwrap();
    seen.push(Seen::now(keeper));
    kill_process(Pid::from_raw(i32::try_from(keeper).unwrap()).unwrap(), Signal::STOP).unwrap();
    assert_eq!(process.kill().await, ExitReason::Killed);
    crate::support::all_gone(&seen).await;
}
