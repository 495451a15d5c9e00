//! Who may what, as tables: every operation of REST and every method of MCP for every kind of caller. The matrix tests
//! of `orch-gateway` and of the daemon ask each of them for each of these. Asks nothing itself.

pub mod mcp;
pub mod rest;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Nobody,
    /// An account that does not belong to the project.
    Stranger,
    Viewer,
    Member,
    Admin,
    InstanceAdmin,
    /// A key of another project; its creator is an admin there.
    ForeignKey,
    /// A key of the project with all of its creator's rights; its creator is an admin of it.
    OwnKey,
    /// The same, made for another server than the one that operations are aimed at.
    ScopedKey,
    /// The same, read-only.
    ReadOnlyKey,
    ExpiredKey,
    RevokedKey,
    /// An admin's account that was switched off, with a token from before.
    Deactivated,
}

impl Who {
    pub const ALL: [Self; 13] = [
        Self::Nobody,
        Self::Stranger,
        Self::Viewer,
        Self::Member,
        Self::Admin,
        Self::InstanceAdmin,
        Self::ForeignKey,
        Self::OwnKey,
        Self::ScopedKey,
        Self::ReadOnlyKey,
        Self::ExpiredKey,
        Self::RevokedKey,
        Self::Deactivated,
    ];

    /// Whether there is no live credential at all.
    #[must_use]
    pub const fn is_out(self) -> bool {
        matches!(self, Self::Nobody | Self::ExpiredKey | Self::RevokedKey | Self::Deactivated)
    }
}
