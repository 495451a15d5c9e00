//! What a user has marked to find it again. A preference of one person: it gives no right and changes nothing for
//! others.

use crate::Timestamp;
use crate::id::{ProjectId, ServerId, StarId, UserId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Star {
    pub id: StarId,
    pub user: UserId,
    pub target: StarTarget,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StarTarget {
    Project(ProjectId),
    Server {
        project: ProjectId,
        server: ServerId,
    },
    /// By the name that the server gives it; the tool may be gone.
    Tool {
        project: ProjectId,
        server: ServerId,
        tool: String,
    },
}

impl Star {
    /// One user has at most this many.
    pub const MAX_PER_USER: usize = 1000;
    pub const MAX_TOOL_LEN: usize = 512;
}

impl StarTarget {
    #[must_use]
    pub const fn project(&self) -> ProjectId {
        match self {
            Self::Project(project) | Self::Server { project, .. } | Self::Tool { project, .. } => *project,
        }
    }

    #[must_use]
    pub const fn server(&self) -> Option<ServerId> {
        match self {
            Self::Project(_) => None,
            Self::Server { server, .. } | Self::Tool { server, .. } => Some(*server),
        }
    }

    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        match self {
            Self::Project(_) | Self::Server { .. } => None,
            Self::Tool { tool, .. } => Some(tool),
        }
    }
}
