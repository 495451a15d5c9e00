//! What an API key may of what its creator may. It only takes away.

use crate::id::ServerId;
use crate::policy::hints::Hint;
use crate::policy::item::{Item, ItemClass};
use crate::policy::pattern::Pattern;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// The servers that the key sees; None for all of the project. By id: a server that is renamed stays in, one that
    /// is deleted and made again does not come back.
    pub servers: Option<Vec<ServerId>>,
    /// The tools that the key sees, by their own names; None for all.
    pub tools: Option<Vec<Pattern>>,
    /// Only tools that say of themselves that they change nothing. Prompts and resources are reads.
    pub read_only: bool,
}

/// What in a scope keeps something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutOfScope {
    Server,
    Tool,
    NotReadOnly,
    /// A method that only the server knows: who holds less than everything cannot be let do what nobody knows.
    UnknownMethod,
}

impl Scope {
    pub const MAX_SERVERS: usize = 200;
    pub const MAX_TOOLS: usize = 200;
    /// Of the globs among the tools, all together, in bytes: what they are compiled to takes a thousand times as much.
    pub const MAX_GLOBS: usize = 2048;

    /// Whether the key may all that its creator may.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.servers.is_none() && self.has_every_item()
    }

    /// Whether the key may everything on the servers that it has.
    #[must_use]
    pub const fn has_every_item(&self) -> bool {
        self.tools.is_none() && !self.read_only
    }

    #[must_use]
    pub fn has_server(&self, server: ServerId) -> bool {
        self.servers.as_ref().is_none_or(|servers| servers.contains(&server))
    }

    /// None when the scope lets the item through.
    #[must_use]
    pub fn keeps_out(&self, item: &Item<'_>) -> Option<OutOfScope> {
        if !self.has_server(item.server) {
            return Some(OutOfScope::Server);
        }
        match item.class {
            ItemClass::Tool => {
                let named = self.tools.as_ref().is_none_or(|tools| tools.iter().any(|tool| tool.matches(item.name)));
                if !named {
                    return Some(OutOfScope::Tool);
                }
                (self.read_only && !item.hints.has(Hint::ReadOnly)).then_some(OutOfScope::NotReadOnly)
            }
            ItemClass::Prompt | ItemClass::Resource | ItemClass::Server => None,
            ItemClass::Method => (!self.has_every_item()).then_some(OutOfScope::UnknownMethod),
        }
    }
}
