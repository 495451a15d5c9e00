//! What a tool's annotations say of it, as the protocol reads them: hints of the server, which it may leave out.

use crate::words::words;

/// A tool without annotations is taken for one that changes and destroys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hints {
    read_only: bool,
    destructive: bool,
    idempotent: bool,
    open_world: bool,
}

words! {
    /// Which hint.
    Hint {
        /// `readOnlyHint`: it changes nothing.
        ReadOnly = "read_only",
        /// `destructiveHint`: it may destroy. What only reads does not.
        Destructive = "destructive",
        /// `idempotentHint`: a second call with the same arguments changes nothing more.
        Idempotent = "idempotent",
        /// `openWorldHint`: it reaches out of the server's own world.
        OpenWorld = "open_world",
    }
}

impl Hint {
    /// The member of `annotations` on the wire.
    #[must_use]
    pub const fn annotation(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnlyHint",
            Self::Destructive => "destructiveHint",
            Self::Idempotent => "idempotentHint",
            Self::OpenWorld => "openWorldHint",
        }
    }
}

impl Hints {
    /// Of a tool that says nothing, or is not known.
    pub const UNSAID: Self = Self { read_only: false, destructive: true, idempotent: false, open_world: true };

    /// `said` gives what the annotations have.
    #[must_use]
    pub fn read(said: impl Fn(Hint) -> Option<bool>) -> Self {
        let or = |hint, default| said(hint).unwrap_or(default);
        let read_only = or(Hint::ReadOnly, Self::UNSAID.read_only);
        Self {
            read_only,
            destructive: !read_only && or(Hint::Destructive, Self::UNSAID.destructive),
            idempotent: read_only || or(Hint::Idempotent, Self::UNSAID.idempotent),
            open_world: or(Hint::OpenWorld, Self::UNSAID.open_world),
        }
    }

    #[must_use]
    pub const fn has(self, hint: Hint) -> bool {
        match hint {
            Hint::ReadOnly => self.read_only,
            Hint::Destructive => self.destructive,
            Hint::Idempotent => self.idempotent,
            Hint::OpenWorld => self.open_world,
        }
    }
}
