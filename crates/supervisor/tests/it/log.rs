//! The log of a process: bounded, in order, followed, and never in the way of the process.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use orch_supervisor::{Launcher as _, LogLimits, LogStream, ProcessLog, Redactor};
use tokio::time::timeout;

use crate::support::{PATIENCE, a_log, a_log_with, eventually, launcher, sh, texts};

fn small() -> LogLimits {
    LogLimits { lines: 10, bytes: 4 * 1024, line_bytes: 1024, ..LogLimits::default() }
}

#[test]
fn keeps_the_newest_lines() {
    let log = a_log_with(small());
    for n in 1..=25 {
        log.push(format!("line {n}"));
    }
    assert_eq!(texts(&log), (16..=25).map(|n| format!("line {n}")).collect::<Vec<_>>());
    let tail: Vec<u64> = log.tail(2).iter().map(|line| line.seq).collect();
    assert_eq!(tail, [24, 25]);
    let since: Vec<u64> = log.since(23).iter().map(|line| line.seq).collect();
    assert_eq!(since, [24, 25]);
    assert!(log.since(25).is_empty() && log.tail(0).is_empty());
    assert_eq!(log.tail(99).len(), 10);
}

#[test]
fn keeps_no_more_bytes_than_allowed() {
    let log = a_log_with(small());
    for _ in 0..10 {
        log.push("x".repeat(1000));
    }
    assert_eq!(log.since(0).len(), 3);
    log.push("y".repeat(5000));
    let last = log.tail(1);
    assert!(last[0].cut);
    assert_eq!(last[0].text.len(), 1024 + " [line cut at 1024 bytes]".len());
}

#[tokio::test]
async fn a_flood_is_left_out_and_that_is_said() {
    let log = a_log_with(LogLimits { bytes_per_second: 1024, ..LogLimits::default() });
    // Less at first than may come at once, then far more, and a line when there is room again.
    let script = "echo first >&2; yes flood | head -n 5000 >&2; sleep 1.5; echo last >&2";
    launcher().launch(sh(script), log.clone()).await.unwrap().exited().await;
    let texts = texts(&log);
    assert!(texts.iter().any(|text| text == "first"));
    assert!(texts.len() < 200, "{} lines", texts.len());
    assert!(texts.iter().any(|text| text.contains("lines were left out: more than 1024 bytes a second")), "{texts:?}");
    assert!(texts.iter().any(|text| text == "last"), "{texts:?}");
}

#[test]
fn a_flood_of_remarks_is_left_out_and_hides_nothing_else() {
    let log = a_log_with(LogLimits { bytes_per_second: 1024, ..LogLimits::default() });
    for n in 0..5_000 {
        log.push(format!("remark {n}"));
    }
    let count = texts(&log).len();
    assert!((10..200).contains(&count), "{count} lines");
    log.push_said(None, "said", &Redactor::none());
    assert_eq!(texts(&log).last().map(String::as_str), Some("said"));
}

#[test]
fn a_line_has_time_stream_and_no_end() {
    let log = ProcessLog::new(LogLimits::default(), Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(7)));
    log.push("one\ntwo\r\n");
    assert_eq!(texts(&log), ["one", "two"]);
    let line = &log.tail(1)[0];
    assert_eq!((line.seq, line.at), (2, SystemTime::UNIX_EPOCH + Duration::from_secs(7)));
    assert_eq!((line.stream, line.cut), (LogStream::Daemon, false));
}

#[tokio::test]
async fn an_endless_line_is_cut_and_costs_no_memory() {
    let log = a_log_with(small());
    let script = "yes | tr -d '\\n' | head -c 3000000 >&2; echo >&2; echo after >&2";
    launcher().launch(sh(script), log.clone()).await.unwrap().exited().await;
    let lines = log.since(0);
    assert!(lines[1].cut && lines[1].text.ends_with("y [line cut at 1024 bytes]"));
    assert_eq!(&*lines[2].text, "after");
}

#[tokio::test]
async fn a_value_that_begins_before_the_cut_is_not_shown_in_part() {
    let log = a_log_with(small());
    let mut spec = sh("{ head -c 1020 /dev/zero | tr '\\0' x; printf '%s\\n' \"$TOKEN\"; } >&2");
    spec.env.push(("TOKEN".to_owned(), "sesame-open-sesame".into()));
    launcher().launch(spec, log.clone()).await.unwrap().exited().await;
    let line = &log.since(0)[1];
    assert!(line.cut && !line.text.contains("sesa"), "{}", line.text);
    assert!(line.text.contains("xxxx[red"));
}

#[tokio::test]
async fn goes_on_when_nobody_reads_standard_output() {
    let log = a_log();
    let script = "(yes | head -c 3000000; echo done >&2) & echo first >&2; sleep 0; echo second >&2; wait";
    let process = launcher().launch(sh(script), log.clone()).await.unwrap();
    eventually("the log has both", || texts(&log).iter().any(|text| text == "second")).await;
    assert!(!texts(&log).contains(&"done".to_owned()), "output was not held back");
    assert_eq!(process.exit_reason(), None);

    let text = crate::support::output(&process).await;
    assert_eq!(text.len(), 3_000_000);
    process.exited().await;
    assert!(texts(&log).contains(&"done".to_owned()));
}

#[tokio::test]
async fn a_flood_does_not_hold_the_process_up() {
    let log = a_log_with(LogLimits { bytes_per_second: u64::MAX, ..LogLimits::default() });
    let process = launcher().launch(sh("yes | head -c 2000000 >&2; exit 9"), log.clone()).await.unwrap();
    timeout(PATIENCE, process.exited()).await.unwrap();
    let lines = log.since(0);
    assert_eq!(lines.len(), 2000);
    assert_eq!(lines.last().unwrap().seq, 1_000_002);
    assert_eq!(&*lines.last().unwrap().text, "exited with code 9");
}

#[tokio::test]
async fn is_followed() {
    let log = a_log();
    log.push("before");
    let mut follower = log.subscribe();
    let mut from_start = log.follow(0);
    assert_eq!(from_start.next().await.unwrap()[0].seq, 1);

    let process = launcher().launch(sh("echo one >&2; read go; echo two >&2"), log.clone()).await.unwrap();
    let mut texts = Vec::new();
    let mut seq = 1;
    let follow = async {
        while texts.last().is_none_or(|text| text != "exited with code 0") {
            for line in follower.next().await.unwrap() {
                seq += 1;
                assert_eq!(line.seq, seq);
                texts.push(line.text.to_string());
                if &*line.text == "one" {
                    drop(process.take_stdin());
                }
            }
        }
    };
    timeout(PATIENCE, follow).await.unwrap();
    // `read` without input is an error the shell does not tell.
    assert_eq!(texts[1..], ["one", "two", "exited with code 0"]);

    drop((process, log));
    assert!(timeout(PATIENCE, async { while follower.next().await.is_some() {} }).await.is_ok());
}

#[tokio::test]
async fn goes_on_over_several_processes() {
    let log = a_log();
    for n in 0..3 {
        let mut spec = sh("echo \"$SECRET\" >&2");
        spec.env.push(("SECRET".to_owned(), format!("sesame-{n}").into()));
        launcher().launch(spec, log.clone()).await.unwrap().exited().await;
    }
    let texts = texts(&log);
    assert_eq!(texts.len(), 9);
    assert_eq!(texts.iter().filter(|text| *text == "[redacted]").count(), 3);
}
