//! Committed changes that running parts must follow.

use crate::id::ProjectId;

/// What was committed. Says where to look again, not what is there now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Users were created, deactivated, promoted.
    Users,
    /// Teams were created, renamed, deleted, joined or left.
    Teams,
    /// A project, its members, the teams on it, its servers or keys changed; also when it was created or deleted.
    Project(ProjectId),
    /// Something may have been missed: look at everything again.
    Everything,
}
