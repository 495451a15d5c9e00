//! Peers that are child processes, spoken to line by line over their standard input and output.

pub(crate) mod end;
pub(crate) mod handshake;
mod home;
mod later;
mod lines;
mod listen;
pub(crate) mod outbox;
mod owner;
mod peer;
mod reading;
pub(crate) mod reply;
pub(crate) mod shared;
pub(crate) mod slot;
pub(crate) mod table;
pub(crate) mod writer;

use std::sync::Arc;

use orch_mcp::initialize::ServerHello;
use orch_mcp::peer::{Connection, EraChoice, PeerSink};
use orch_supervisor::{LaunchError, Launcher, ProcessLog, ProcessSpec};
use tracing::Instrument as _;

use crate::config::UpstreamConfig;
use crate::error::ConnectError;
use crate::excerpt::Secrets;
use crate::stdio::owner::Guard;

pub use home::read_here;
pub use peer::{Probed, StdioPeer};

/// What to start, and where its log goes.
#[derive(Debug, Clone)]
pub struct StdioTarget {
    pub spec: ProcessSpec,
    pub log: Arc<ProcessLog>,
}

/// Starts the command and does the handshake with it. When the future is dropped, or an error comes out, the process
/// is ended in the background. Nothing is sent to `sink` as closed unless a peer came out before.
///
/// The runtime that calls this drives the pipes for as long as the peer lives, and reads them unless others do who have
/// said [`read_here`].
pub async fn connect(
    launcher: &dyn Launcher,
    target: StdioTarget,
    connection: &Connection,
    config: &UpstreamConfig,
    sink: Arc<dyn PeerSink>,
) -> Result<Arc<StdioPeer>, ConnectError> {
    let span = tracing::debug_span!("upstream.connect", transport = "stdio", process.label = %target.spec.label);
    async move {
        match attempt(launcher, target.clone(), connection, config, Arc::clone(&sink)).await {
            // Some servers end when the first thing they hear is not what they know: once more, in the old way. One that
            // has heard nothing yet has another reason, which a second start does not take away.
            Err(NotConnected { error: ConnectError::Exited { .. } | ConnectError::Ended { .. }, heard: true })
                if connection.era == EraChoice::Auto =>
            {
                let legacy = Connection { era: EraChoice::Legacy, ..connection.clone() };
                let again = attempt(launcher, target, &legacy, config, sink).await;
                again.map(|(guard, hello)| StdioPeer::new(guard, hello, Probed::Died))
            }
            outcome => outcome.map(|(guard, hello)| StdioPeer::new(guard, hello, Probed::Lived)),
        }
        .map(Arc::new)
        .map_err(|not| not.error)
    }
    .instrument(span)
    .await
}

/// Why one start has come to nothing.
struct NotConnected {
    error: ConnectError,
    /// The process has read what it was sent.
    heard: bool,
}

impl From<ConnectError> for NotConnected {
    fn from(error: ConnectError) -> Self {
        Self { error, heard: false }
    }
}

async fn attempt(
    launcher: &dyn Launcher,
    target: StdioTarget,
    connection: &Connection,
    config: &UpstreamConfig,
    sink: Arc<dyn PeerSink>,
) -> Result<(Guard, ServerHello), NotConnected> {
    let StdioTarget { spec, log } = target;
    let secrets = secrets(&spec);
    let process = launcher.launch(spec, log).await.map_err(|error| match error {
        LaunchError::NotFound { program } => ConnectError::CommandNotFound { command: program },
        other => ConnectError::Launch(other),
    })?;
    let guard = owner::start(process, connection, config, sink)?;
    let hello = handshake::run(guard.shared(), config).await.map_err(|error| {
        let heard = guard.shared().outbox.was_heard();
        let error = match error {
            ConnectError::Refused(error) => ConnectError::Refused(secrets.hide_in(error)),
            other => other,
        };
        NotConnected { error, heard }
    })?;
    let shared = guard.shared();
    shared.introduce();
    if shared.is_modern() {
        tokio::spawn(listen::run(Arc::clone(shared)));
    }
    Ok((guard, hello))
}

/// A server may repeat in its error what it was started with.
fn secrets(spec: &ProcessSpec) -> Secrets {
    use secrecy::ExposeSecret as _;
    let values = spec.args.iter().chain(spec.env.iter().map(|(_, value)| value));
    Secrets::new(values.map(|value| value.expose_secret()))
}
