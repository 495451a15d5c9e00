//! The role of a kind of credential. A scheme says who is asking, from memory alone, and never what they may do.

pub mod access_token;
pub mod api_key;

use orch_domain::Timestamp;
use orch_domain::directory::Directory;
use orch_domain::principal::Principal;

use crate::error::AuthFailure;

pub trait Scheme: Send + Sync {
    /// Whether the credential is meant for this scheme, by its first characters.
    fn recognizes(&self, bearer: &str) -> bool;
    /// Who stands behind the credential. Called with recognized ones only; does no I/O.
    fn authenticate(&self, moment: &Moment<'_>, bearer: &str) -> Result<Principal, AuthFailure>;
}

/// What a scheme decides by.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    pub directory: &'a Directory,
    pub now: Timestamp,
}

impl Moment<'_> {
    fn is_active(&self, user: orch_domain::id::UserId) -> bool {
        self.directory.user(user).is_some_and(|user| user.active)
    }
}
