//! Where events are emitted. Changes of operators need no call here: their audit entries become events when they are
//! committed, on every process. Emit what no audit entry tells: states of servers, changed catalogs, calls.

use crate::event::Event;

pub trait EventSink: Send + Sync {
    /// Never waits and never fails; nobody may be listening.
    fn emit(&self, event: Event);
}

/// For where nobody listens.
impl EventSink for () {
    fn emit(&self, _event: Event) {}
}
