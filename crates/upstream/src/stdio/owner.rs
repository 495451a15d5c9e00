//! The task that owns a connection: reads what the child writes, and brings the connection to its end. Decides
//! nothing about messages.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use orch_mcp::peer::{Connection, PeerSink};
use orch_supervisor::{ExitReason, Process};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::config::UpstreamConfig;
use crate::error::ConnectError;
use crate::stdio::end::End;
use crate::stdio::lines::Lines;
use crate::stdio::outbox::Outbox;
use crate::stdio::shared::Shared;
use crate::stdio::writer;

/// How long a child whose output ended may take to exit, before we say it did not.
const LAST_BREATH: Duration = Duration::from_secs(1);

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
        reader: Reader { stdout, lines: Lines::new(config.max_message_bytes) },
        grace: config.stdio.stop_grace(),
    };
    tokio::spawn(owner.run().instrument(span));
    Ok(Guard(shared))
}

struct Owner {
    /// A runtime that is shut down drops its tasks; nobody shall wait for them.
    _last_will: LastWill,
    shared: Arc<Shared>,
    reader: Reader,
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
        drop(self.reader);
        if let Some(process) = self.shared.process() {
            process.stop(self.grace).await;
        }
    }

    /// Reads until there is a reason to stop.
    async fn last(&mut self, writer: &mut JoinHandle<()>) -> End {
        let shared = &self.shared;
        let read = {
            let reader = &mut self.reader;
            tokio::select! {
                biased;
                end = reader.read(shared, shared.exited()) => end,
                () = shared.stop.cancelled() => return End::Closed,
                _ = writer => End::InputClosed,
            }
        };
        // A child that ends does all of it at about the same time; how it exited says the most.
        match read {
            End::OutputClosed | End::InputClosed => {
                let exited = shared.exited();
                tokio::select! {
                    biased;
                    reason = exited => {
                        self.reader.rest(shared).await;
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

struct Reader {
    stdout: pipe::Receiver,
    lines: Lines,
}

impl Reader {
    async fn read(&mut self, shared: &Arc<Shared>, exited: impl Future<Output = ExitReason>) -> End {
        let mut exited = std::pin::pin!(exited);
        loop {
            let read = {
                let mut read = std::pin::pin!(self.stdout.read_buf(self.lines.spare()));
                // Reading comes first: what a child wrote before it exited counts.
                std::future::poll_fn(|cx| match read.as_mut().poll(cx) {
                    Poll::Ready(result) => Poll::Ready(Ok(result)),
                    Poll::Pending => exited.as_mut().poll(cx).map(Err),
                })
                .await
            };
            match read {
                Ok(Ok(0)) => return End::OutputClosed,
                Ok(Ok(_)) => {
                    if let Err(end) = self.dispatch(shared) {
                        return end;
                    }
                    // Lines are gathered by callers who flush them soon; one that is not polled again may not.
                    shared.outbox.flush();
                }
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return End::Broken(error.kind()),
                Err(reason) => {
                    self.rest(shared).await;
                    return End::Exited(reason);
                }
            }
        }
    }

    fn dispatch(&mut self, shared: &Arc<Shared>) -> Result<(), End> {
        loop {
            match self.lines.next_line() {
                Ok(Some(line)) => shared.receive(&line),
                Ok(None) => return Ok(()),
                Err(too_long) => return Err(End::LineTooLong { limit: too_long.limit }),
            }
        }
    }

    /// What is in the pipe of a child that is gone. Nobody can write to it any more, so its end is near.
    async fn rest(&mut self, shared: &Arc<Shared>) {
        let to_the_end = async {
            while let Ok(1..) = self.stdout.read_buf(self.lines.spare()).await {
                if self.dispatch(shared).is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(LAST_BREATH, to_the_end).await;
    }
}
