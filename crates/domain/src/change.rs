//! Committed changes that running parts must follow.

use std::sync::Arc;

use crate::audit::AuditRecord;
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
    /// Logins were ended.
    Logins,
    /// Something may have been missed: look at everything again.
    Everything,
}

/// What followers are told, in the order of the commits: the changes of a commit, then the audit entries of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    Change(Change),
    Entry(Arc<AuditRecord>),
}
