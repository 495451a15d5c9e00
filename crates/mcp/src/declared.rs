//! What a client says of itself and of what it can do, in either era. Decides nothing with it.

use crate::raw::Raw;

/// A client as it is shown to an upstream: in the handshake of a legacy one, with each request to a modern one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// `ClientCapabilities`, an object, in the words of the client's own revision.
    pub capabilities: Raw,
    /// `Implementation`, an object; None when the client does not say, and then ours is shown.
    pub info: Option<Raw>,
}

impl Declared {
    /// A client that can be asked nothing: what shared connections declare.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { capabilities: Raw::from_static("{}"), info: None }
    }
}
