//! Whether a connection that says nothing is still there: asked with the cheapest request there is, within a deadline.
//! What is silent for too long is given up.

use std::sync::Arc;
use std::time::Duration;

use orch_domain::server_state::{ServerEvent, ServerState};
use orch_mcp::message::MethodName;
use orch_mcp::peer::{Peer, PeerError, PeerRequest};
use tokio::time::Instant;

use super::super::slot::micros;
use super::Owner;
use crate::catalog::fetch;

/// After this long a question is put again that there was no room for.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// What a check says about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checked {
    /// It answered; an error is an answer as well.
    Alive,
    /// The connection is over, which is noticed elsewhere.
    Over,
    Silent {
        after: Duration,
    },
}

/// Asks a server whether it is there.
pub(crate) async fn check(peer: &dyn Peer, deadline: Duration) -> Checked {
    let method = if peer.hello().revision.is_legacy() { "ping" } else { "server/discover" };
    let asked = async {
        loop {
            let request = PeerRequest::new(MethodName::from_static(method), None);
            match fetch::answer(peer, request).await {
                // A process that does not read what it is sent. A remote server that says so is there.
                Err(PeerError::Busy { .. }) if peer.pid().is_some() => tokio::time::sleep(ASK_AGAIN).await,
                answer => return answer,
            }
        }
    };
    match tokio::time::timeout(deadline, asked).await {
        Err(_) => Checked::Silent { after: deadline },
        Ok(Err(PeerError::Closed { .. })) => Checked::Over,
        Ok(_) => Checked::Alive,
    }
}

impl Owner {
    /// Begins a check when there is a reason for one.
    pub(super) fn check_if_due(&mut self) {
        let Some(peer) = self.peer.clone() else { return };
        if self.checking.is_some() || self.refreshing.is_some() {
            return;
        }
        let config = &self.shared.config;
        let unused = micros(self.shared.clock.now()) - self.slot.last_used();
        let every = i64::try_from(config.check().as_micros()).unwrap_or(i64::MAX);
        let quiet = unused > every && self.slot.in_flight() == 0 && self.last_heard.elapsed() >= config.check();
        if quiet || self.suspect || self.silent_checks > 0 {
            self.suspect = false;
            let deadline = config.check_deadline();
            self.checking = Some(Box::pin(async move { check(&*peer, deadline).await }));
        }
    }

    pub(super) async fn checked(&mut self, checked: Checked) {
        match checked {
            Checked::Alive => {
                self.heard();
                if self.state == ServerState::Degraded && self.lost.is_empty() {
                    self.move_on(ServerEvent::ListsFetched, None);
                }
            }
            Checked::Over => self.notice_loss().await,
            Checked::Silent { after } => {
                self.silent_checks += 1;
                let seconds = after.as_secs();
                let most = self.shared.config.failed_checks;
                if self.silent_checks >= most {
                    let reason = format!("it did not answer {most} checks in a row, each within {seconds} s");
                    self.lost(reason).await;
                    return;
                }
                let reason = format!("it did not answer a check within {seconds} s");
                self.remark(reason.clone());
                self.move_on(ServerEvent::Suspect, Some(reason));
            }
        }
    }

    /// The server said something.
    pub(super) fn heard(&mut self) {
        self.last_heard = Instant::now();
        self.silent_checks = 0;
    }
}

/// A call on a connection of one client's own was not answered in time: if the connection is dead, it is closed, and
/// the next call opens another one.
pub(crate) async fn close_if_silent(peer: Arc<dyn Peer>, deadline: Duration) -> bool {
    let silent = matches!(check(&*peer, deadline).await, Checked::Silent { .. });
    if silent {
        peer.close().await;
    }
    silent
}
