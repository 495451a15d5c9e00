//! Digests of arguments, under a key that only the instance has: who guesses arguments cannot try them.

use crate::id::ProjectId;

pub trait ArgumentDigester: Send + Sync {
    /// The same for the same bytes in the same project, and another in every other project.
    fn digest(&self, project: ProjectId, arguments: &[u8]) -> [u8; 32];
}
