//! How the daemon stops in good order: it says so, lets running calls end, cuts off what is left, and gives up what has
//! been started for it. Closes no database and stops no server itself.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::event::bus::EventBus;
use orch_gateway::Gateway;
use orch_gateway::mcp::Draining;
use orch_relay::relay::Relay;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::readiness::InstanceReadiness;

/// How long calls that are cut off may take to come to their end. They have nothing to wait for.
const CUT_OFF_WITHIN: Duration = Duration::from_secs(5);

/// How long answers may take to leave when nobody wants to wait.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// The signals to stop that have come. The second one is of somebody who does not want to wait.
#[derive(Clone)]
pub(crate) struct Signals(watch::Receiver<usize>);

impl Signals {
    /// From now on SIGTERM, SIGINT and SIGHUP do not end the process by themselves. Where SIGHUP is ignored, as under
    /// `nohup`, it stays so: a handler would take the place of that.
    pub(crate) fn hear() -> anyhow::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hang_up = SignalKind::hangup();
        let mut hang_up = if is_ignored(hang_up, &status) { None } else { Some(signal(hang_up)?) };
        let (heard, signals) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let hung_up = async {
                    match &mut hang_up {
                        Some(hang_up) => drop(hang_up.recv().await),
                        None => pending().await,
                    }
                };
                tokio::select! {
                    _ = terminate.recv() => heard.send_modify(|heard| *heard += 1),
                    _ = interrupt.recv() => heard.send_modify(|heard| *heard += 1),
                    // A terminal that goes away sends it more than once, and is in no hurry.
                    () = hung_up => heard.send_modify(|heard| *heard = (*heard).max(1)),
                }
            }
        });
        Ok(Self(signals))
    }

    async fn come(&self, count: usize) {
        // It fails when the task that hears them is gone, with the runtime and everything that could wait.
        let _ = self.0.clone().wait_for(|heard| *heard >= count).await;
    }
}

/// By what the kernel says of a process.
fn is_ignored(kind: SignalKind, status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
}

/// What has a part in it.
pub(crate) struct Stopping {
    pub(crate) signals: Signals,
    pub(crate) readiness: Arc<InstanceReadiness>,
    pub(crate) gateway: Gateway,
    pub(crate) draining: Draining,
    pub(crate) relay: Arc<Relay>,
    pub(crate) events: EventBus,
    /// How long running calls may take to end.
    pub(crate) patience: Duration,
}

impl Stopping {
    /// Resolves after a signal, when nothing runs for clients any more and the sockets can be closed.
    pub(crate) async fn drained(&self) {
        self.signals.come(1).await;
        let patience_secs = self.patience.as_secs();
        tracing::info!(patience_secs, "stopping: running calls may end, which a second signal cuts short");
        // First, so that nobody is sent here who would be told to go elsewhere.
        self.readiness.stop();
        self.gateway.drain();
        self.draining.begin();
        self.events.close();
        tokio::select! {
            biased;
            () = self.draining.over() => {}
            () = self.signals.come(2) => tracing::warn!("told to stop at once: calls that still run are cut off"),
            () = sleep(self.patience) => {
                tracing::warn!(patience_secs, "calls still run after `relay.drain_secs`, and are cut off");
            }
        }
        self.cut_off().await;
        // Requests that wait for a server to start would hold the sockets open.
        self.relay.fleet().retire();
    }

    /// Ends whatever runs for clients, before what it runs on goes.
    pub(crate) async fn cut_off(&self) {
        if timeout(CUT_OFF_WITHIN, self.draining.end()).await.is_err() {
            tracing::error!("calls that were cut off have not come to an end, and are missing from the record");
        }
    }

    /// Resolves when nobody wants to wait for the sockets either. To be waited for after [`drained`](Self::drained).
    pub(crate) async fn hurried(&self) {
        self.signals.come(2).await;
        sleep(LAST_ANSWERS).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::signal::unix::SignalKind;

    use super::is_ignored;

    #[test]
    fn tells_which_signals_are_ignored() {
        let ignored = |status: &str| {
            [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()]
                .map(|kind| is_ignored(kind, status))
        };
        let status =
            "Name:\torch-server\nSigBlk:\t0000000000004003\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000004003\n";
        assert_eq!(ignored(status), [true, false, false]);
        assert_eq!(ignored("SigIgn:\t0000000000004002\n"), [false, true, true]);
        assert_eq!(ignored(""), [false; 3]);
    }
}
