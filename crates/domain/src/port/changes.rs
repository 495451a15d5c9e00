//! News of committed changes, from this process and from others on the same database.

use std::pin::Pin;

use futures_core::Stream;

use crate::change::{Change, Committed};

pub trait Changes: Send + Sync {
    /// Every change committed after this call, in order. A subscriber that falls behind gets
    /// [`Change::Everything`] in place of what it missed.
    fn subscribe(&self) -> Pin<Box<dyn Stream<Item = Change> + Send>>;
    /// The same, with the audit entries that were committed with the changes. Entries that stand alone, such as
    /// refusals, are not told.
    fn subscribe_committed(&self) -> Pin<Box<dyn Stream<Item = Committed> + Send>>;
}
