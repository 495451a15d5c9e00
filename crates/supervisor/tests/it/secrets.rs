//! Secrets of a spec: for the command only, and never in the open.

use std::fs;

use orch_supervisor::{Launcher as _, LogStream};

use crate::support::{a_log, launch, launcher, lines, sh, texts};

#[tokio::test]
async fn a_keeper_shows_none() {
    let mut spec = sh("echo ready; exec sleep 1000");
    spec.label = "shown-label".to_owned();
    spec.args.push("argument-sesame".into());
    spec.env.push(("TOKEN".to_owned(), "variable-sesame".into()));
    let process = launch(spec).await;
    lines(&process).next_line().await.unwrap();
    let keeper = process.keeper_pid().unwrap();

    let cmdline = fs::read(format!("/proc/{keeper}/cmdline")).unwrap();
    assert_eq!(String::from_utf8_lossy(&cmdline), "orch-warden\0__launch\0shown-label\0");
    // Unreadable is as good as empty.
    assert_eq!(fs::read(format!("/proc/{keeper}/environ")).unwrap_or_default(), b"");
    let status = fs::read_to_string(format!("/proc/{keeper}/status")).unwrap();
    assert!(status.contains("Threads:\t1\n"), "{status}");
}

#[tokio::test]
async fn the_log_shows_none() {
    let log = a_log();
    let mut spec = sh("printf 'token is sesa' >&2; printf 'me-open\\nand %s twice %s\\nno end: sesame-open' \
                       \"$TOKEN\" \"$TOKEN\" >&2");
    spec.args.push("--key=ajar-sesame".into());
    spec.env.push(("TOKEN".to_owned(), "sesame-open".into()));
    let process = launcher().launch(spec, log.clone()).await.unwrap();
    process.exited().await;
    log.push("we saw ajar-sesame");
    assert_eq!(
        texts(&log)[1..],
        [
            "token is [redacted]",
            "and [redacted] twice [redacted]",
            "no end: [redacted]",
            "exited with code 0",
            "we saw [redacted]"
        ]
    );
    assert_eq!(log.since(0)[1].stream, LogStream::Stderr);
    assert!(!format!("{process:?}{log:?}").contains("sesame"));
}
