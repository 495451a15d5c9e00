//! News of committed changes, from this process and from others on the same database.

use std::pin::Pin;

use futures_core::Stream;

use crate::change::Change;

pub trait Changes: Send + Sync {
    /// Every change committed after this call, in order. A subscriber that falls behind gets
    /// [`Change::Everything`] in place of what it missed.
    fn subscribe(&self) -> Pin<Box<dyn Stream<Item = Change> + Send>>;
}
