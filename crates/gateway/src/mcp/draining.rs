//! How the MCP endpoints stop in good order: what only listens or waits for a person ends at once, what is being done is
//! waited for, and what is left is cut off. Says nothing to the sockets.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Running, Sessions};

/// The end of everything that runs for MCP clients, in three steps: [`begin`](Self::begin), [`over`](Self::over) for as
/// long as there is patience, and [`end`](Self::end). Made once in the life of a process.
pub struct Draining {
    sessions: Arc<Sessions>,
    running: Arc<Running>,
    quiet: Arc<Notify>,
}

impl Draining {
    #[must_use]
    pub fn new(sessions: Arc<Sessions>, running: Arc<Running>) -> Self {
        Self { sessions, running, quiet: Arc::default() }
    }

    /// No session is opened and no stream of news is any more, and those that are there end, each with the last call that
    /// runs in its session. Calls of sessions that are open and of clients without one are still taken, as long as this
    /// lasts.
    pub fn begin(&self) {
        self.sessions.drain(&self.quiet);
        self.running.drain(&self.quiet);
    }

    /// Resolves when nothing runs. To be waited for by one.
    pub async fn over(&self) {
        while !(self.sessions.is_quiet() && self.running.is_quiet()) {
            self.quiet.notified().await;
        }
    }

    /// Takes nothing any more and cuts off what is left. Resolves when all of it has come to its end, and so is on record;
    /// likewise to be waited for by one.
    pub async fn end(&self) {
        let ended = self.sessions.end_all();
        self.running.end_all();
        while !(ended.iter().all(|session| session.is_quiet()) && self.running.is_quiet()) {
            self.quiet.notified().await;
        }
    }
}
