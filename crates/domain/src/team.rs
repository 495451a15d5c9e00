//! Teams: named sets of users that projects are granted to as a whole.

use crate::Timestamp;
use crate::id::{ProjectId, TeamId, UserId};
use crate::role::Role;
use crate::slug::Slug;
use crate::words::words;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    /// Unique on the instance; stands in URLs and policies.
    pub slug: Slug,
    /// Shown to people.
    pub name: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Counts the changes; what an `ETag` is made of.
    pub version: u32,
}

words! {
    /// What somebody is in a team; says nothing about any project. Ordered: an admin may do all that a member may.
    TeamRole {
        /// Has what the team was granted, and sees who else does.
        Member = "member",
        /// Invites, removes and renames as well.
        Admin = "admin",
    }
}

/// What can be done in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TeamAction {
    /// See who is in it and what it was granted, and grant it projects that one manages.
    View,
    /// Invite, remove, change roles, rename, delete.
    Manage,
}

impl TeamAction {
    /// The least role that may.
    #[must_use]
    pub const fn least_role(self) -> TeamRole {
        match self {
            Self::View => TeamRole::Member,
            Self::Manage => TeamRole::Admin,
        }
    }
}

/// At most one for a pair of team and user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMembership {
    pub team_id: TeamId,
    pub user_id: UserId,
    pub role: TeamRole,
    pub created_at: Timestamp,
}

/// A role on a project for everybody in a team. At most one for a pair of project and team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamGrant {
    pub project_id: ProjectId,
    pub team_id: TeamId,
    pub role: Role,
    pub created_at: Timestamp,
}
