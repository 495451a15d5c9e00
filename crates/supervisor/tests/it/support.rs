//! What the tests share: a launcher, shell scripts as processes, and a way to tell that one is gone.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use orch_supervisor::{Launcher as _, LocalLauncher, LogLimits, Process, ProcessLog, ProcessSpec, SupervisorConfig};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    net::unix::pipe,
    time::{Instant, sleep},
};

/// Longer than anything takes on a machine that is busy; only ever waited out by a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn exe() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_orch-launch"))
}

pub(crate) fn launcher() -> LocalLauncher {
    // Little grace, so that what ignores SIGTERM does not hold the tests up.
    launcher_with(Duration::from_millis(200))
}

/// With this grace for what a command leaves behind.
pub(crate) fn launcher_with(orphan_grace: Duration) -> LocalLauncher {
    let orphan_grace_ms = u64::try_from(orphan_grace.as_millis()).unwrap();
    LocalLauncher::new(exe(), SupervisorConfig { orphan_grace_ms, ..SupervisorConfig::default() })
}

pub(crate) fn a_log() -> Arc<ProcessLog> {
    a_log_with(LogLimits::default())
}

pub(crate) fn a_log_with(limits: LogLimits) -> Arc<ProcessLog> {
    Arc::new(ProcessLog::new(limits, Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(42))))
}

pub(crate) fn sh(script: &str) -> ProcessSpec {
    let mut spec = ProcessSpec::new("test", "sh");
    spec.args = vec!["-c".into(), script.into()];
    spec
}

pub(crate) async fn launch(spec: ProcessSpec) -> Process {
    launcher().launch(spec, a_log()).await.unwrap()
}

pub(crate) fn lines(process: &Process) -> Lines<BufReader<pipe::Receiver>> {
    BufReader::new(process.take_stdout().unwrap()).lines()
}

/// Everything on standard output, once it ends.
pub(crate) async fn output(process: &Process) -> String {
    let mut text = String::new();
    process.take_stdout().unwrap().read_to_string(&mut text).await.unwrap();
    text
}

/// The text of every line of a log.
pub(crate) fn texts(log: &ProcessLog) -> Vec<String> {
    log.since(0).iter().map(|line| line.text.to_string()).collect()
}

/// Checks again and again until it holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "still not: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// A process as it was when seen: its number and its start, which no other process shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) pid: u32,
    start: String,
}

impl Seen {
    pub(crate) fn now(pid: u32) -> Self {
        let (_, start) = state(pid).unwrap_or_else(|| panic!("no process {pid}"));
        Self { pid, start }
    }

    /// The processes whose numbers are in the text.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        text.split_whitespace().map(|pid| Self::now(pid.parse().unwrap())).collect()
    }

    /// Whether it runs no more. One that only waits for init to take it away counts as gone.
    pub(crate) fn is_gone(&self) -> bool {
        state(self.pid).is_none_or(|(state, start)| start != self.start || state == "Z" || state == "X")
    }
}

pub(crate) async fn all_gone(seen: &[Seen]) {
    for one in seen {
        eventually(&format!("{one:?} is gone"), || one.is_gone()).await;
    }
}

/// State and start time.
fn state(pid: u32) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some((fields[0].to_owned(), fields[19].to_owned()))
}
