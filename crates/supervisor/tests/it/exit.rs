//! How the end of a command is told.

use orch_supervisor::{ExitReason, Launcher as _};

use crate::support::{a_log, launch, launcher, lines, sh, texts};

#[tokio::test]
async fn tells_the_code() {
    for code in [0, 1, 7, 137, 255] {
        let process = launch(sh(&format!("exit {code}"))).await;
        assert_eq!(process.exited().await, ExitReason::Code(code));
        assert_eq!(process.exit_reason(), Some(ExitReason::Code(code)));
        assert_eq!(process.exited().await, ExitReason::Code(code), "told again");
    }
}

#[tokio::test]
async fn tells_the_signal() {
    for (name, number) in [("SEGV", 11), ("TERM", 15), ("KILL", 9), ("HUP", 1)] {
        let process = launch(sh(&format!("kill -{name} $$"))).await;
        assert_eq!(process.exited().await, ExitReason::Signal(number));
    }
}

#[tokio::test]
async fn the_log_has_start_and_end() {
    let log = a_log();
    let process = launcher().launch(sh("echo between >&2; exit 3"), log.clone()).await.unwrap();
    process.exited().await;
    assert_eq!(
        texts(&log),
        [format!("started, process id {}", process.pid()), "between".to_owned(), "exited with code 3".to_owned()]
    );
}

#[tokio::test]
async fn output_outlives_the_process() {
    let process = launch(sh("echo $$; echo last")).await;
    process.exited().await;
    let mut lines = lines(&process);
    assert_eq!(lines.next_line().await.unwrap(), Some(process.pid().to_string()));
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("last"));
    assert_eq!(lines.next_line().await.unwrap(), None);
}

#[tokio::test]
async fn an_end_that_is_awaited_keeps_nothing_alive() {
    let process = launch(sh("exec sleep 1000")).await;
    let exited = process.exited();
    drop(process);
    assert!(matches!(exited.await, ExitReason::Signal(15) | ExitReason::Killed));
}
