//! How a server starts, fails and ends, and what its state becomes by that.

use std::sync::Arc;

use orch_domain::catalog::ItemKind;
use orch_domain::event::{Event, Fact};
use orch_domain::server_state::{ServerEvent, ServerState, next};
use orch_mcp::peer::{Connection, Peer, PeerSink};

use super::sink::Sink;
use super::{Owner, answer};
use crate::connector::{ConnectFailure, era};
use crate::fleet::slot::{Unready, micros, tell_level};

impl Owner {
    /// Starts, or answers those who wait when there is nothing to be started.
    pub(super) fn start_if_wanted(&mut self) {
        if self.peer.is_some() {
            return answer(&mut self.ready_waiters, &Ok(()));
        }
        let server = self.slot.server();
        if self.state != ServerState::Disabled
            && let Some(missing) = server.lacks_shared_values()
        {
            return self.refuse(&missing);
        }
        let now = self.shared.clock.now();
        match next(&self.state, ServerEvent::Wanted, now) {
            ServerState::Starting if self.starting.is_none() => {
                let (sink, events) = Sink::new();
                (self.sink, self.events) = (sink, events);
                let connector = Arc::clone(&self.shared.connector);
                let sink: Arc<dyn PeerSink> = Arc::<Sink>::clone(&self.sink);
                self.starting = Some(Box::pin(async move {
                    let connection = Connection::shared(era(server.dialect.era));
                    connector.connect(&server, connection, sink).await
                }));
                self.move_on(ServerEvent::Wanted, None);
            }
            ServerState::Starting | ServerState::Stopped | ServerState::Ready | ServerState::Degraded => {}
            ServerState::Disabled => self.refuse("the server is disabled"),
            ServerState::StoppedByAdmin => self.refuse("the server was stopped by an admin; an admin can start it"),
            ServerState::BackingOff { until, .. } => {
                let wait = (until - now).as_seconds_f64();
                let reason = self.slot.status().reason.unwrap_or_default();
                self.refuse(&format!("{reason}; the next start is possible in {wait:.1} s"));
            }
            state @ (ServerState::CrashLooping { .. } | ServerState::Incompatible) => {
                let reason = self.slot.status().reason.unwrap_or_default();
                self.refuse(&stuck(&reason, &state));
            }
        }
    }

    pub(super) fn refuse(&mut self, reason: &str) {
        self.turn_away(&Unready::Failed(reason.to_owned()));
    }

    pub(super) fn turn_away(&mut self, why: &Unready) {
        let refusal = Err(why.clone());
        answer(&mut self.ready_waiters, &refusal);
        answer(&mut self.catalog_waiters, &refusal);
        answer(&mut self.start_waiters, &refusal);
    }

    pub(super) fn started(&mut self, outcome: Result<Arc<dyn Peer>, ConnectFailure>) {
        let server = self.slot.server();
        match outcome {
            Err(failure) => {
                let is_said = std::mem::replace(&mut self.crowded_out, failure.busy) && failure.busy;
                if !is_said {
                    tracing::warn!(server.id = %server.id, server.alias = %server.alias, error = %failure, "a server did not start");
                }
                if failure.busy {
                    // There is no room for it, which says nothing of the server.
                    if !is_said {
                        self.remark(failure.reason.clone());
                    }
                    self.move_on(ServerEvent::Stopped, Some(failure.reason.clone()));
                    self.turn_away(&Unready::Busy(failure.reason));
                } else if failure.incompatible {
                    self.remark(failure.reason.clone());
                    self.move_on(ServerEvent::Incompatible, Some(failure.reason.clone()));
                    self.refuse(&stuck(&failure.reason, &ServerState::Incompatible));
                } else {
                    self.failed(failure.reason);
                }
            }
            Ok(peer) => {
                self.crowded_out = false;
                let hello = peer.hello();
                tracing::info!(
                    server.id = %server.id, server.alias = %server.alias, mcp.revision = %hello.revision, "a server has started"
                );
                self.slot.set_status(|status| {
                    status.pid = peer.pid();
                    status.revision = Some(hello.revision.to_string());
                    status.implementation = Some(hello.display_name());
                });
                self.ready_since = Some(micros(self.shared.clock.now()));
                self.heard();
                self.suspect = false;
                self.released = Some(self.slot.set_peer(Arc::clone(&peer)));
                self.peer = Some(Arc::clone(&peer));
                // Calls may go before the lists are there; who starts it waits for them.
                answer(&mut self.ready_waiters, &Ok(()));
                self.dirty.extend(ItemKind::ALL);
                self.follow_again();
                // Of clients that were there before the server was.
                self.slot.settle_level();
                if let Some(level) = self.slot.level() {
                    tell_level(peer, level);
                }
            }
        }
    }

    /// What ran has ended by itself.
    pub(super) async fn lost(&mut self, reason: String) {
        let Some(peer) = self.peer.take() else { return };
        let server = self.slot.server();
        tracing::warn!(server.id = %server.id, server.alias = %server.alias, reason, "a server was lost");
        self.let_go();
        peer.close().await;
        self.slot.set_verified(false);
        if self.has_settled() {
            self.failures = 0;
        }
        self.ready_since = None;
        self.failed(reason);
    }

    /// Whether what runs, or ran until now, did so long enough to be taken for well.
    pub(super) fn has_settled(&self) -> bool {
        let up = micros(self.shared.clock.now()) - self.ready_since.unwrap_or(i64::MAX);
        up > i64::try_from(self.shared.config.settled().as_micros()).unwrap_or(i64::MAX)
    }

    pub(super) fn failed(&mut self, reason: String) {
        self.failures = self.failures.saturating_add(1);
        self.remark(reason.clone());
        let pause = self.shared.config.retry(&self.slot.server()).pause(self.failures, self.random.f64());
        let event = ServerEvent::Failed { failures: self.failures, pause };
        self.move_on(event, Some(reason.clone()));
        if pause.is_none() {
            self.remark(stuck("too many failures in a row", &self.state));
        }
        let told = if self.state.waits_for_a_person() { stuck(&reason, &self.state) } else { reason };
        self.refuse(&told);
    }

    /// Nothing that belongs to the present connection is waited for any more.
    pub(super) fn let_go(&mut self) {
        self.starting = None;
        self.refreshing = None;
        self.checking = None;
        self.silent_checks = 0;
        self.suspect = false;
        self.released = None;
        self.slot.drop_peer();
    }

    /// Ends whatever runs or starts.
    pub(super) async fn halt(&mut self, reason: &str) {
        let ran = self.starting.is_some() || self.peer.is_some();
        self.let_go();
        if let Some(peer) = self.peer.take() {
            peer.close().await;
        }
        self.ready_since = None;
        if ran {
            self.remark(reason.to_owned());
        }
        self.refuse(reason);
    }

    /// Gives what runs up for another connection. Running calls go on for a while; who waits for a start goes on
    /// waiting.
    pub(super) async fn replace(&mut self, reason: &str) {
        let ran = self.starting.is_some() || self.peer.is_some();
        let released = self.released.take();
        self.let_go();
        match (self.peer.take(), released) {
            (Some(peer), Some(released)) if self.slot.in_flight() > 0 => {
                self.draining.add(peer, released, self.shared.config.drain());
            }
            // Before the new one starts: many servers cannot run twice.
            (Some(peer), _) => peer.close().await,
            (None, _) => {}
        }
        self.ready_since = None;
        if ran {
            self.remark(reason.to_owned());
        }
    }

    pub(super) fn move_on(&mut self, event: ServerEvent, reason: Option<String>) {
        let now = self.shared.clock.now();
        let state = next(&self.state, event, now);
        let well = matches!(event, ServerEvent::ListsFetched | ServerEvent::Reset | ServerEvent::Enabled);
        if state == self.state && reason.is_none() && !well {
            return;
        }
        let moved = state != self.state;
        self.state = state.clone();
        self.slot.set_starting(state == ServerState::Starting, well);
        self.slot.set_status(|status| {
            if moved {
                status.state = state.clone();
                status.since = now;
            }
            if !state.is_up() {
                status.pid = None;
            }
            if reason.is_some() || well {
                status.reason.clone_from(&reason);
            }
        });
        if moved {
            // After the status, so that who reads it because of this sees it.
            let server = self.slot.server();
            let fact = Fact::ServerState { server: server.id, state: state.as_str(), reason };
            self.shared.events.emit(Event { at: now, project: Some(server.project_id), concerns: None, fact });
        }
    }
}

/// What callers and admins are told of a server that does not start again by itself.
fn stuck(reason: &str, state: &ServerState) -> String {
    let what = match state {
        ServerState::CrashLooping { failures } => format!("it failed {failures} times in a row"),
        _ => "it does not work as an MCP server".to_owned(),
    };
    format!("{reason}; {what} and is not started again until an admin restarts it or changes its configuration")
}
