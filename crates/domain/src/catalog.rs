//! What a server offers: its last good lists, as the upstream wrote them.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::Timestamp;
use crate::id::ServerId;
use crate::words::words;

/// The last good state of a server's lists. Survives restarts of server and daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCatalog {
    pub server_id: ServerId,
    pub fetched_at: Timestamp,
    /// The handshake's result as JSON text: capabilities, serverInfo, instructions, protocolVersion.
    pub handshake: Arc<str>,
    /// In the upstream's order.
    pub items: Vec<CatalogItem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogItem {
    pub kind: ItemKind,
    /// The tool's or prompt's name, the resource's URI or the template's URI template. Unique with its kind.
    pub name: String,
    /// The definition as the upstream sent it: the text of a JSON object.
    pub definition: Arc<str>,
}

/// A definition that an item had for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDefinition {
    /// SHA-256 of the definition's text, in hexadecimal digits.
    pub hash: String,
    pub definition: Arc<str>,
    pub first_seen: Timestamp,
    /// When it was last stored; of the one that holds, the latest time that the lists changed.
    pub last_seen: Timestamp,
}

/// SHA-256 of a text in hexadecimal digits.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl PastDefinition {
    /// So many definitions of one item are kept; the oldest go.
    pub const KEPT: usize = 50;
}

words! {
    ItemKind {
        Tool = "tool",
        Prompt = "prompt",
        Resource = "resource",
        Template = "template",
    }
}
