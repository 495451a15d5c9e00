//! What somebody wants to use of a server.

use crate::call::CallKind;
use crate::catalog::ItemKind;
use crate::id::ServerId;
use crate::policy::hints::Hints;
use crate::words::words;

/// Borrowed facts, so that asking about an item costs nothing.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    pub server: ServerId,
    pub alias: &'a str,
    pub class: ItemClass,
    /// As the server knows it: the tool's or prompt's name, the resource's URI or URI template, the method; empty for
    /// the server itself.
    pub name: &'a str,
    /// Of tools; [`Hints::UNSAID`] for all else.
    pub hints: Hints,
}

words! {
    /// What kind of thing it is.
    ItemClass {
        Tool = "tool",
        Prompt = "prompt",
        /// A template is the class of the resources that are made of it.
        Resource = "resource",
        /// A method of the server's own that nobody else knows.
        Method = "method",
        /// The server as a whole: that it is there, what it says of itself.
        Server = "server",
    }
}

impl From<ItemKind> for ItemClass {
    fn from(kind: ItemKind) -> Self {
        match kind {
            ItemKind::Tool => Self::Tool,
            ItemKind::Prompt => Self::Prompt,
            ItemKind::Resource | ItemKind::Template => Self::Resource,
        }
    }
}

impl From<CallKind> for ItemClass {
    fn from(kind: CallKind) -> Self {
        match kind {
            CallKind::Tool => Self::Tool,
            CallKind::Prompt => Self::Prompt,
            CallKind::Resource => Self::Resource,
        }
    }
}
