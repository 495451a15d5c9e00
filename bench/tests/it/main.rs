//! The load generator against the upstream, through the program's own door.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

struct Upstream {
    child: Child,
    url: String,
}

impl Upstream {
    fn start() -> Result<Self> {
        let mut child = program()
            .args(["upstream-http", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .context("start upstream-http")?;
        let output = child.stdout.take().context("its output")?;
        let mut upstream = Self { child, url: String::new() };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").context("its address")?;
        upstream.url = url.to_owned();
        Ok(upstream)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the test starts the program it tests")]
fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_orch-bench"))
}

fn load(url: &str, more: &[&str]) -> Result<(bool, Value)> {
    let output = program().args(["load", "--url", url]).args(more).output()?;
    let text = String::from_utf8(output.stdout)?;
    let report = serde_json::from_str(&text).with_context(|| format!("a report, not {text}"));
    Ok((output.status.success(), report?))
}

fn check(sessions: u64, calls: u64, payload: u64) -> Result<()> {
    let upstream = Upstream::start()?;
    let more = [sessions, calls, payload].map(|number| number.to_string());
    let [sessions_text, calls_text, payload_text] = &more;
    let args = ["--sessions", sessions_text, "--calls", calls_text, "--payload", payload_text];
    let (succeeded, report) = load(&upstream.url, &args)?;
    ensure!(succeeded, "{report}");
    assert_eq!(report.get("calls"), Some(&json!(sessions * calls)), "{report}");
    assert_eq!(report.get("errors"), Some(&json!(0)), "{report}");
    assert!(report.get("p50_us").and_then(Value::as_f64) > Some(0.0), "{report}");
    Ok(())
}

#[test]
fn every_call_of_every_session_is_answered_and_verified() -> Result<()> {
    check(8, 200, 64)
}

#[test]
fn a_text_larger_than_any_buffer_comes_back_whole() -> Result<()> {
    check(2, 5, 1_000_000)
}

#[test]
fn a_wrong_answer_is_an_error_and_a_failing_exit() -> Result<()> {
    let upstream = Upstream::start()?;
    let (succeeded, report) = load(&upstream.url, &["--calls", "3", "--tool", "unknown"])?;
    assert!(!succeeded);
    assert_eq!(report.get("errors"), Some(&json!(3)), "{report}");
    let first = report.get("first_error").and_then(Value::as_str);
    assert!(first.is_some_and(|error| error.contains("unknown tool")), "{report}");
    Ok(())
}

#[test]
fn load_stays_on_this_machine() -> Result<()> {
    let output = program().args(["load", "--url", "http://192.0.2.1/mcp"]).output()?;
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr)?.contains("only loopback"));
    Ok(())
}
