//! Who belongs to a project, and as what.

use crate::Timestamp;
use crate::id::{ProjectId, UserId};
use crate::role::Role;

/// At most one for a pair of project and user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub project_id: ProjectId,
    pub user_id: UserId,
    pub role: Role,
    pub created_at: Timestamp,
}
