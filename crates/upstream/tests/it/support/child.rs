//! Children whose other side a test plays itself, over real pipes, and real ones.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use orch_mcp::peer::{Connection, Peer as _};
use orch_supervisor::{
    ExitReason, LaunchError, Launcher, LocalLauncher, Process, ProcessLog, ProcessScript, ProcessSpec, Request,
    SupervisorConfig,
};
use orch_upstream::stdio::{StdioPeer, StdioTarget};
use orch_upstream::{ConnectError, UpstreamConfig};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::{Events, log, within};

pub(crate) const HELLO: &str =
    r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"scripted","version":"1"}}"#;

/// Hands out one scripted process.
struct Scripted(Mutex<Option<oneshot::Sender<ProcessScript>>>);

#[async_trait]
impl Launcher for Scripted {
    async fn launch(&self, spec: ProcessSpec, log: Arc<ProcessLog>) -> Result<Process, LaunchError> {
        let (process, script) = Process::scripted(spec.label, log).expect("pipes");
        let sender = self.0.lock().unwrap().take().expect("one launch");
        assert!(sender.send(script).is_ok());
        Ok(process)
    }
}

/// The child's side.
pub(crate) struct Child {
    pub(crate) input: BufReader<pipe::Receiver>,
    pub(crate) output: pipe::Sender,
    script: Rest,
}

/// What is left of the script without its pipes.
struct Rest {
    exit: oneshot::Sender<ExitReason>,
    asked: oneshot::Receiver<Option<Request>>,
}

/// The connection attempt goes on in the background, for the test to play the child.
pub(crate) fn start(config: &UpstreamConfig, events: &Arc<Events>) -> (Connecting, oneshot::Receiver<ProcessScript>) {
    start_as(&crate::support::SHARED, config, events)
}

pub(crate) type Connecting = tokio::task::JoinHandle<Result<Arc<StdioPeer>, ConnectError>>;

pub(crate) fn start_as(
    connection: &'static Connection,
    config: &UpstreamConfig,
    events: &Arc<Events>,
) -> (Connecting, oneshot::Receiver<ProcessScript>) {
    let (sender, script) = oneshot::channel();
    let (config, events) = (config.clone(), Arc::clone(events));
    let connecting = tokio::spawn(async move {
        let launcher = Scripted(Mutex::new(Some(sender)));
        let target = StdioTarget { spec: ProcessSpec::new("scripted", "scripted"), log: log() };
        orch_upstream::stdio::connect(&launcher, target, connection, &config, events).await
    });
    (connecting, script)
}

impl Child {
    pub(crate) fn new(script: ProcessScript) -> Self {
        let (exit, exited) = oneshot::channel();
        let (ask, asked) = oneshot::channel();
        // The pipes are duplicated, so that the script's own can stay where the exit is.
        let input = pipe::Receiver::from_owned_fd(dup(&script.stdin)).expect("pipe");
        let output = pipe::Sender::from_owned_fd(dup(&script.stdout)).expect("pipe");
        tokio::spawn(async move {
            let mut script = script;
            let mut ask = Some(ask);
            let mut exited = exited;
            loop {
                tokio::select! {
                    request = script.asked(), if ask.is_some() => {
                        if let Some(ask) = ask.take() {
                            let _ = ask.send(request);
                        }
                    }
                    reason = &mut exited => {
                        script.exit(reason.unwrap_or(ExitReason::Code(0)));
                        return;
                    }
                }
            }
        });
        Self { input: BufReader::new(input), output, script: Rest { exit, asked } }
    }

    /// The next line, as it came.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        within(self.input.read_line(&mut line)).await.expect("line");
        assert!(line.ends_with('\n'), "the input ended: {line:?}");
        line.pop();
        line
    }

    pub(crate) async fn message(&mut self) -> Value {
        let line = self.line().await;
        serde_json::from_str(&line).expect(&line)
    }

    pub(crate) async fn say(&mut self, text: &str) {
        within(self.output.write_all(format!("{text}\n").as_bytes())).await.expect("output");
    }

    pub(crate) async fn answer(&mut self, request: &Value, result: &str) {
        self.say(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, request["id"])).await;
    }

    pub(crate) async fn shake_hands(&mut self) {
        let initialize = self.message().await;
        assert_eq!(initialize["method"], "initialize");
        self.answer(&initialize, HELLO).await;
        assert_eq!(self.message().await["method"], "notifications/initialized");
    }

    pub(crate) fn exit(self, reason: ExitReason) {
        drop((self.input, self.output));
        let _ = self.script.exit.send(reason);
    }

    /// Waits for the request to end, and then exits.
    pub(crate) async fn asked(self) -> Option<Request> {
        let asked = within(self.script.asked).await.expect("a request");
        let _ = self.script.exit.send(ExitReason::Code(0));
        asked
    }
}

fn dup(pipe: &impl std::os::fd::AsFd) -> std::os::fd::OwnedFd {
    pipe.as_fd().try_clone_to_owned().expect("descriptor")
}

pub(crate) async fn connected_with(config: &UpstreamConfig) -> (Arc<StdioPeer>, Child, Arc<Events>) {
    let events = Events::new();
    let (connecting, script) = start(config, &events);
    let mut child = Child::new(within(script).await.expect("script"));
    child.shake_hands().await;
    let peer = within(connecting).await.expect("task").expect("peer");
    assert!(!peer.is_closed());
    (peer, child, events)
}

pub(crate) async fn connected() -> (Arc<StdioPeer>, Child, Arc<Events>) {
    connected_with(&super::config()).await
}

/// Starts real processes.
pub(crate) fn local() -> LocalLauncher {
    LocalLauncher::new(env!("CARGO_BIN_EXE_orch-upstream-keeper").into(), SupervisorConfig::default())
}

pub(crate) fn shell(script: &str) -> StdioTarget {
    let mut spec = ProcessSpec::new("shell", "sh");
    spec.args = vec!["-c".into(), script.into()];
    StdioTarget { spec, log: log() }
}
