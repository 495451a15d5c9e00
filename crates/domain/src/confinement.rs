//! What the instance says about how servers are confined. Enforces nothing.

use crate::limits::LimitRules;
use crate::sandbox::SandboxRule;

/// The rules for servers that are processes of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConfinementRules {
    pub limits: LimitRules,
    pub sandbox: SandboxRule,
}
