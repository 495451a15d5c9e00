//! From a configured server to a live peer: opens the secrets in this moment, launches or dials, and keeps each
//! server's log.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use orch_domain::id::ServerId;
use orch_domain::port::clock::Clock;
use orch_domain::port::server_runtime::{LogLine, LogSource};
use orch_domain::port::vault::{Vault, VaultError};
use orch_domain::secret::{Secret, Slot};
use orch_domain::server::{Server, Transport};
use orch_mcp::peer::{Connection, Peer, PeerSink};
use orch_relay::connector::{ConnectFailure, Connector};
use orch_supervisor::{Launcher, LogLimits, LogStream, ProcessLog, ProcessSpec};
use orch_upstream::http::HttpTarget;
use orch_upstream::stdio::{self, StdioTarget};
use orch_upstream::{ConnectError, UpstreamConfig};
use orch_upstream::{remote, sse};
use secrecy::SecretString;

pub(crate) struct UpstreamConnector {
    launcher: Arc<dyn Launcher>,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    config: UpstreamConfig,
    log_limits: LogLimits,
    logs: Mutex<HashMap<ServerId, Arc<ProcessLog>>>,
}

impl UpstreamConnector {
    pub(crate) fn new(
        launcher: Arc<dyn Launcher>,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
        config: UpstreamConfig,
        log_limits: LogLimits,
    ) -> Self {
        Self { launcher, vault, clock, config, log_limits, logs: Mutex::default() }
    }

    fn log(&self, server: ServerId) -> Arc<ProcessLog> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let log = logs.entry(server).or_insert_with(|| {
            let clock = Arc::clone(&self.clock);
            Arc::new(ProcessLog::new(self.log_limits, Arc::new(move || SystemTime::from(clock.now()))))
        });
        Arc::clone(log)
    }

    fn open(&self, secret: &Secret) -> Result<SecretString, ConnectFailure> {
        self.vault.open(Secret::place(secret.id), &secret.sealed).map_err(|error: VaultError| {
            ConnectFailure::new(format!("{} cannot be decrypted: {error}", slot_name(&secret.slot)))
        })
    }

    fn open_args(&self, server: &Server) -> Result<Vec<SecretString>, ConnectFailure> {
        server.args().map(|secret| self.open(secret)).collect()
    }

    fn http_target(&self, server: &Server, url: &str) -> Result<HttpTarget, ConnectFailure> {
        let headers = self.open_named(server, |slot| match slot {
            Slot::Header(name) => Some(name),
            Slot::Arg(_) | Slot::Env(_) => None,
        })?;
        Ok(HttpTarget { url: url.to_owned(), headers })
    }

    /// The values of one kind of slot with their names.
    fn open_named<'a>(
        &self,
        server: &'a Server,
        name: impl Fn(&'a Slot) -> Option<&'a String>,
    ) -> Result<Vec<(String, SecretString)>, ConnectFailure> {
        server
            .secrets
            .iter()
            .filter_map(|secret| Some((name(&secret.slot)?, secret)))
            .map(|(name, secret)| Ok((name.clone(), self.open(secret)?)))
            .collect()
    }
}

fn slot_name(slot: &Slot) -> String {
    match slot {
        Slot::Arg(position) => format!("argument {}", position + 1),
        Slot::Env(name) => format!("the environment variable {name}"),
        Slot::Header(name) => format!("the header {name}"),
    }
}

#[async_trait]
impl Connector for UpstreamConnector {
    async fn connect(
        &self,
        server: &Server,
        connection: Connection,
        sink: Arc<dyn PeerSink>,
    ) -> Result<Arc<dyn Peer>, ConnectFailure> {
        let log = self.log(server.id);
        let peer = match &server.transport {
            Transport::Stdio { command, cwd } => {
                let spec = ProcessSpec {
                    args: self.open_args(server)?,
                    env: self.open_named(server, |slot| match slot {
                        Slot::Env(name) => Some(name),
                        Slot::Arg(_) | Slot::Header(_) => None,
                    })?,
                    cwd: cwd.as_ref().map(PathBuf::from),
                    ..ProcessSpec::new(server.alias.as_str(), command)
                };
                stdio::connect(&*self.launcher, StdioTarget { spec, log }, &connection, &self.config, sink)
                    .await
                    .map(|peer| -> Arc<dyn Peer> { peer })
            }
            Transport::StreamableHttp { url } => {
                let target = self.http_target(server, url)?;
                remote::connect(&target, &connection, &self.config, sink).await
            }
            Transport::Sse { url } => {
                let target = self.http_target(server, url)?;
                sse::connect(&target, &connection, &self.config, sink).await.map(|peer| -> Arc<dyn Peer> { peer })
            }
        };
        peer.map_err(|error| ConnectFailure {
            other_era: matches!(error, ConnectError::OtherEra { .. }),
            incompatible: matches!(
                error,
                ConnectError::OtherEra { .. }
                    | ConnectError::UnknownVersion { .. }
                    | ConnectError::MalformedHello { .. }
                    | ConnectError::InvalidUrl { .. }
                    | ConnectError::InvalidHeader { .. }
            ),
            ..ConnectFailure::new(error.to_string())
        })
    }

    fn log_tail(&self, server: ServerId, limit: usize) -> Vec<LogLine> {
        let lines = self.log(server).tail(limit);
        lines
            .iter()
            .map(|line| LogLine {
                seq: line.seq,
                at: line.at.into(),
                source: match line.stream {
                    LogStream::Stderr => LogSource::Stderr,
                    LogStream::Daemon => LogSource::Daemon,
                },
                text: line.text.to_string(),
            })
            .collect()
    }

    fn remark(&self, server: ServerId, text: String) {
        self.log(server).push(text);
    }

    fn forget(&self, server: ServerId) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).remove(&server);
    }
}
