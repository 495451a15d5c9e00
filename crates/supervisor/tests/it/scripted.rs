//! The process that is only played.

use std::time::Duration;

use orch_supervisor::{ExitReason, Process, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::a_log;

#[tokio::test]
async fn behaves_like_a_process() {
    let (process, mut script) = Process::scripted("played", a_log()).unwrap();
    let mut stdin = process.take_stdin().unwrap();
    stdin.write_all(b"in").await.unwrap();
    drop(stdin);
    let mut heard = String::new();
    script.stdin.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "in");
    assert_eq!(process.exit_reason(), None);

    let grace = Duration::from_secs(3);
    let play = async {
        assert_eq!(script.asked().await, Some(Request::Stop { grace }));
        script.exit(ExitReason::Code(2));
    };
    let (reason, ()) = tokio::join!(process.stop(grace), play);
    assert_eq!(reason, ExitReason::Code(2));
}

#[tokio::test]
async fn notices_a_dropped_handle() {
    let (process, mut script) = Process::scripted("played", a_log()).unwrap();
    let exited = process.exited();
    drop(process);
    assert_eq!(script.asked().await, None);
    drop(script);
    assert_eq!(exited.await, ExitReason::Lost);
}
