//! Sessions of MCP clients with this daemon. Does not check permission; the caller has.

use crate::id::{ProjectId, SessionId};
use crate::session::Session;

pub trait SessionRegistry: Send + Sync {
    /// In no order.
    fn list(&self, project: ProjectId) -> Vec<Session>;
    /// Ends a session and all that is in flight in it. False when it is over already.
    fn end(&self, id: SessionId) -> bool;
}

/// For where no clients come in.
impl SessionRegistry for () {
    fn list(&self, _: ProjectId) -> Vec<Session> {
        Vec::new()
    }

    fn end(&self, _: SessionId) -> bool {
        false
    }
}
