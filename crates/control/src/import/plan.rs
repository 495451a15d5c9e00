//! What an import does or would do, for people to read. Holds no secret.

use orch_domain::alias::Alias;

use crate::changes::Changes;
use crate::problem::Problem;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportPlan {
    /// In the order of the file.
    pub servers: Vec<PlannedServer>,
    /// What was not understood or not taken as it stands, and yet stops nothing.
    pub notes: Vec<Problem>,
    /// With one of these nothing is imported.
    pub problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedServer {
    /// The name of the server in the file.
    pub key: String,
    pub alias: Alias,
    pub verb: ImportVerb,
    /// What an update changes, such as `command` or `env TOKEN`.
    pub changes: Changes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportVerb {
    Create,
    Update,
    Unchanged,
}

impl ImportVerb {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Unchanged => "unchanged",
        }
    }
}
