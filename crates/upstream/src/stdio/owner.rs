//! The task that owns a connection: has what the child writes read, and brings the connection to its end. Decides
//! nothing about messages.

use std::sync::Arc;
use std::time::Duration;

use orch_mcp::peer::{Connection, PeerSink};
use orch_supervisor::Process;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::config::UpstreamConfig;
use crate::error::ConnectError;
use crate::stdio::end::End;
use crate::stdio::lines::Lines;
use crate::stdio::outbox::Outbox;
use crate::stdio::reading::Reading;
use crate::stdio::shared::Shared;
use crate::stdio::writer;

/// How long a child whose output ended may take to exit, before we say it did not.
pub(super) const LAST_BREATH: Duration = Duration::from_secs(1);

/// Ends the connection when dropped.
pub(super) struct Guard(Arc<Shared>);

impl Guard {
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.stop.cancel();
    }
}

/// Takes the process over.
pub(super) fn start(
    process: Process,
    connection: &Connection,
    config: &UpstreamConfig,
    sink: Arc<dyn PeerSink>,
) -> Result<Guard, ConnectError> {
    let (Some(stdin), Some(stdout)) = (process.take_stdin(), process.take_stdout()) else {
        return Err(ConnectError::Unusable { reason: "the process has no pipes".to_owned() });
    };
    let span = tracing::debug_span!("upstream.stdio", process.label = process.label(), process.pid = process.pid());
    let outbox = Outbox::new(stdin, config.stdio.queue_bytes);
    let shared = Arc::new(Shared::new(Some(process), outbox, connection, config, sink));
    let owner = Owner {
        _last_will: LastWill(Arc::clone(&shared)),
        shared: Arc::clone(&shared),
        reading: Reading::new(stdout, Lines::new(config.max_message_bytes)),
        grace: config.stdio.stop_grace(),
    };
    tokio::spawn(owner.run().instrument(span));
    Ok(Guard(shared))
}

struct Owner {
    /// A runtime that is shut down drops its tasks; nobody shall wait for them.
    _last_will: LastWill,
    shared: Arc<Shared>,
    reading: Reading,
    grace: Duration,
}

struct LastWill(Arc<Shared>);

impl Drop for LastWill {
    fn drop(&mut self) {
        if self.0.table.ended().is_none() {
            self.0.end(End::Closed);
        }
    }
}

impl Owner {
    async fn run(mut self) {
        let mut writer = {
            let shared = Arc::clone(&self.shared);
            tokio::spawn(async move { writer::run(&shared).await })
        };
        let end = self.last(&mut writer).await;
        tracing::debug!(end = %end, "connection ended");
        self.shared.end(end);
        // The child sees the end of its input only when the last handle to it is gone.
        writer.abort();
        if !writer.is_finished() {
            let _ = writer.await;
        }
        drop(self.reading);
        if let Some(process) = self.shared.process() {
            process.stop(self.grace).await;
        }
    }

    /// Reads until there is a reason to stop.
    async fn last(&mut self, writer: &mut JoinHandle<()>) -> End {
        let shared = &self.shared;
        let read = tokio::select! {
            biased;
            end = self.reading.run(shared) => end,
            () = shared.stop.cancelled() => return End::Closed,
            _ = writer => End::InputClosed,
        };
        // A child that ends does all of it at about the same time; how it exited says the most.
        match read {
            End::OutputClosed | End::InputClosed => {
                let exited = shared.exited();
                tokio::select! {
                    biased;
                    reason = exited => {
                        self.reading.rest(shared).await;
                        End::Exited(reason)
                    }
                    () = shared.stop.cancelled() => End::Closed,
                    () = tokio::time::sleep(LAST_BREATH) => read,
                }
            }
            other => other,
        }
    }
}
