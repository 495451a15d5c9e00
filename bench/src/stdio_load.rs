//! Owns the closed loop over the pipes of a child: `slots` calls in flight, each answer verified
//! and followed by the next call of its slot. It shows what the stdio upstream can do at most.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use memchr::memchr_iter;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::child;
use crate::inbox::Inbox;
use crate::load::{Bound, Call, Outcome, Shape, Verifier, Window};

const READ_SIZE: usize = 64 * 1024;
const END_LIMIT: Duration = Duration::from_secs(5);

/// The upstream and its pipes. Dropping it kills the process.
pub(crate) struct StdioUpstream {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    inbox: Inbox,
}

impl StdioUpstream {
    /// Starts this very program as `upstream-stdio` and greets it.
    pub(crate) async fn start() -> Result<Self> {
        let program = std::env::current_exe().context("find this program")?;
        let mut child = Command::from(child::command(program))
            .arg("upstream-stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("start upstream-stdio")?;
        let input = child.stdin.take().context("its input")?;
        let output = child.stdout.take().context("its output")?;
        let inbox = Inbox::with_size(READ_SIZE);
        let mut upstream = Self { child, input, output, inbox };
        upstream.initialize().await.context("initialize upstream-stdio")?;
        Ok(upstream)
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it the way that stdio servers are ended, by closing their input.
    pub(crate) async fn end(mut self) -> Result<()> {
        drop(self.input);
        let ended = tokio::time::timeout(END_LIMIT, self.child.wait()).await;
        ended.context("it did not end when its input did")?.context("wait for its end")?;
        Ok(())
    }

    async fn initialize(&mut self) -> Result<()> {
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "orch-bench", "version": env!("CARGO_PKG_VERSION")},
        }});
        self.input.write_all(format!("{hello}\n").as_bytes()).await?;
        while !self.inbox.filled().ends_with(b"\n") {
            let read = self.output.read(self.inbox.spare()).await?;
            ensure!(read > 0, "it ended");
            self.inbox.advance(read);
        }
        let answer = String::from_utf8_lossy(self.inbox.filled()).into_owned();
        ensure!(answer.contains("\"result\""), "it answered {answer}");
        self.inbox.consume(usize::MAX);
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.input.write_all(format!("{ready}\n").as_bytes()).await?;
        Ok(())
    }
}

/// One call at a time of one pretended session.
struct Slot {
    call: Call,
    asked: Instant,
    verifier: Verifier,
}

pub(crate) async fn run(upstream: &mut StdioUpstream, slots: u64, bound: Bound, shape: &Shape) -> Result<Outcome> {
    let limit = bound.limit();
    let outcome = tokio::time::timeout(limit, run_unbounded(upstream, slots, bound, shape)).await;
    outcome.with_context(|| format!("no end after {limit:?}: an answer never came"))?
}

async fn run_unbounded(upstream: &mut StdioUpstream, slots: u64, bound: Bound, shape: &Shape) -> Result<Outcome> {
    let now = Instant::now();
    let window = Window::starting(now, bound);
    let mut outcome = Outcome::empty();
    let mut sending = Vec::new();
    let mut waiting: Vec<Slot> = Vec::new();
    for number in 0..slots {
        let call = Call::new(shape, number).with_own_ids().within(b"", b"\n");
        let mut slot = Slot { call, asked: now, verifier: Verifier::default() };
        slot.call.stamp();
        sending.extend_from_slice(slot.call.bytes());
        waiting.push(slot);
    }
    let count = waiting.len();
    let mut next = 0;
    let mut written = 0;
    let mut open = slots;
    while open > 0 {
        // Both at once: whoever only wrote would wait for a reader that waits as well.
        let rest = sending.get(written..).unwrap_or_default();
        tokio::select! {
            biased;
            read = upstream.output.read(upstream.inbox.spare()) => {
                let read = read.context("read answers")?;
                ensure!(read > 0, "the upstream ended");
                upstream.inbox.advance(read);
            }
            sent = upstream.input.write(rest), if !rest.is_empty() => {
                written += sent.context("send calls")?;
                if written == sending.len() {
                    sending.clear();
                    written = 0;
                }
                continue;
            }
        }
        let now = Instant::now();
        let mut used = 0;
        for end in memchr_iter(b'\n', upstream.inbox.filled()) {
            let line = upstream.inbox.filled().get(used..end).unwrap_or_default();
            used = end + 1;
            // The upstream answers in order, so the slots take turns.
            let Some(slot) = waiting.get_mut(next) else { bail!("an answer too many") };
            next = (next + 1) % count;
            outcome.all_calls += 1;
            match slot.verifier.verify(line, false, slot.call.id(), slot.call.text()) {
                Ok(()) if window.counts(now) => outcome.latencies.record(now - slot.asked),
                Ok(()) => {}
                Err(error) => outcome.fail(&error),
            }
            ensure!(outcome.errors == 0, "{}", outcome.first_error.unwrap_or_default());
            if window.is_over(now, slot.call.count()) {
                open -= 1;
                continue;
            }
            slot.asked = now;
            slot.call.stamp();
            sending.extend_from_slice(slot.call.bytes());
        }
        upstream.inbox.consume(used);
    }
    outcome.finish(window);
    Ok(outcome)
}
