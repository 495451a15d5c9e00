//! The port that turns a configured server into a live peer. The implementation opens secrets, launches or dials, and
//! does the handshake; it decides neither when nor whether.

use std::sync::Arc;

use async_trait::async_trait;
use orch_domain::dialect::Era;
use orch_domain::id::ServerId;
use orch_domain::server::Server;
use orch_mcp::peer::{Connection, EraChoice, Peer, PeerSink};

#[async_trait]
pub trait Connector: Send + Sync {
    /// Gives a peer whose handshake is done. Dropping the future gives up and leaves nothing behind.
    async fn connect(
        &self,
        server: &Server,
        connection: Connection,
        sink: Arc<dyn PeerSink>,
    ) -> Result<Arc<dyn Peer>, ConnectFailure>;

    /// Adds a remark of ours to the server's log.
    fn remark(&self, server: ServerId, text: String);

    /// The server is gone for good: its log goes too.
    fn forget(&self, server: ServerId);
}

/// The era that an admin has chosen, in the words of connections.
#[must_use]
pub const fn era(chosen: Era) -> EraChoice {
    match chosen {
        Era::Auto => EraChoice::Auto,
        Era::Legacy => EraChoice::Legacy,
        Era::Modern => EraChoice::Modern,
    }
}

/// Why there is no peer, in words for callers and admins alike: names the command or host and the cause, no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ConnectFailure {
    pub reason: String,
    /// The server answered, and refused the era that was asked for.
    pub other_era: bool,
    /// It answered as no server does that can be used here, and will do so again.
    pub incompatible: bool,
    /// There is no room for one more at this moment; the server itself has done nothing wrong.
    pub busy: bool,
}

impl ConnectFailure {
    #[must_use]
    pub const fn new(reason: String) -> Self {
        Self { reason, other_era: false, incompatible: false, busy: false }
    }
}
