//! What a legacy server was told that holds for as long as its session does: of which resources it is to tell, and how
//! much it is to log. Remembers it for the next session; sends nothing.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use orch_mcp::peer::Topic;
use orch_mcp::raw::Raw;

#[derive(Default)]
pub(crate) struct Standing(Mutex<Said>);

#[derive(Default)]
struct Said {
    followed: BTreeSet<Topic>,
    /// The params of the last `logging/setLevel`.
    level: Option<Raw>,
}

impl Standing {
    /// True when it was not followed before.
    pub(crate) fn follow(&self, topic: &Topic) -> bool {
        self.lock().followed.insert(topic.clone())
    }

    pub(crate) fn unfollow(&self, topic: &Topic) {
        self.lock().followed.remove(topic);
    }

    pub(crate) fn follows(&self, topic: &Topic) -> bool {
        self.lock().followed.contains(topic)
    }

    pub(crate) fn followed(&self) -> Vec<Topic> {
        self.lock().followed.iter().cloned().collect()
    }

    pub(crate) fn set_level(&self, params: Option<&Raw>) {
        // Detached: a word must not keep the body in memory that it came in.
        self.lock().level = params.map(Raw::detached);
    }

    pub(crate) fn level(&self) -> Option<Raw> {
        self.lock().level.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
