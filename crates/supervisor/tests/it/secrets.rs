//! Secrets of a spec: for the command only, and never in the open.

use std::{fs, path::Path, sync::Arc, time::SystemTime};

use orch_supervisor::{Launcher as _, LogDisk, LogLimits, LogStore, LogStream, ProcessSpec, Writing};

use crate::support::{a_log, eventually, launch, launcher, lines, sh, texts};

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

/// Of two launches in one log, the earlier one speaks after the later one has begun.
#[tokio::test]
async fn a_log_that_several_share_shows_none_of_either() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(|| SystemTime::UNIX_EPOCH);
    let place = directory.path().join("logs");
    let store = LogStore::open(place.clone(), LogLimits::default(), LogDisk::default(), clock, Writing::Yes).unwrap();
    let log = store.log("shared", None);
    let mut follower = log.subscribe();
    let of = |secret: &str| -> ProcessSpec {
        let mut spec = sh("read go; echo \"heard $TOKEN\" >&2; read go");
        spec.env.push(("TOKEN".to_owned(), secret.into()));
        spec
    };
    let launcher = launcher();
    let first = launcher.launch(of("sesame-of-ann"), log.clone()).await.unwrap();
    let second = launcher.launch(of("sesame-of-ben"), log.clone()).await.unwrap();
    let input = first.take_stdin().unwrap();
    input.writable().await.unwrap();
    input.try_write(b"go\n").unwrap();
    eventually("the first one has spoken", || texts(&log).iter().any(|text| text.starts_with("heard"))).await;
    log.push("it printed sesame-of-ann, and the other one sesame-of-ben");
    drop((input, second.take_stdin()));
    first.exited().await;
    second.exited().await;

    let shown = texts(&log);
    assert!(shown.iter().any(|text| text == "heard [redacted]"), "{shown:?}");
    assert!(shown.iter().any(|text| text == "it printed [redacted], and the other one [redacted]"), "{shown:?}");
    let mut followed = Vec::new();
    while followed.len() < shown.len() {
        followed.extend(follower.next().await.unwrap().iter().map(|line| line.text.to_string()));
    }
    store.close();
    let on_disk = everything_below(&place);
    assert!(on_disk.contains("heard [redacted]"), "{on_disk}");
    for text in [shown.concat(), followed.concat(), on_disk] {
        assert!(!text.contains("sesame"), "{text}");
    }
}

fn everything_below(directory: &Path) -> String {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { everything_below(&path) } else { fs::read_to_string(path).unwrap_or_default() })
        .collect()
}
