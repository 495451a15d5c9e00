//! Builders of test data. Each gives something valid and unlike all others; a test states only what it is about.

mod api_key;
mod audit_entry;
mod call;
mod catalog;
mod invitation;
mod project;
mod refresh_token;
mod server;
mod team;
mod user;

pub use api_key::{KeyBuilder, a_key};
pub use audit_entry::{AuditBuilder, an_audit_entry};
pub use call::{CallBuilder, a_call};
pub use catalog::{CatalogBuilder, a_catalog};
pub use invitation::{InvitationBuilder, an_invitation};
pub use project::{ProjectBuilder, a_project};
pub use refresh_token::{RefreshTokenBuilder, a_refresh_token};
pub use server::{ServerBuilder, a_server};
pub use team::{TeamBuilder, a_team};
pub use user::{UserBuilder, a_user};

use orch_domain::api_key::KeyHash;
use uuid::Uuid;

/// 12 characters of `[0-9a-f]` that nothing else has.
fn unique() -> String {
    // The random end of the id: the beginning is the time.
    let hex = Uuid::new_v4().simple().to_string();
    hex[20..].to_owned()
}

/// A hash that nothing else has.
#[must_use]
pub fn a_hash() -> KeyHash {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
    KeyHash::from_bytes(bytes)
}
