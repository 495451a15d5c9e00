//! Who is asking: the outcome of authentication. Says nothing about what may be done; that is [`crate::policy`].

use crate::id::{KeyId, LoginId, ProjectId, UserId};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The account that answers for what is done: the person, or the creator of the key.
    pub user_id: UserId,
    pub credential: Credential,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A login over REST or the dashboard.
    Login { login_id: LoginId },
    /// An API key, good for one project only.
    Key { key_id: KeyId, project_id: ProjectId },
    /// The operator at the machine's own command line, who has the data directory and the encryption key anyway.
    Console,
}

impl Principal {
    /// Whether it is the person of this account who asks, with a login.
    #[must_use]
    pub fn is_login_of(&self, user: UserId) -> bool {
        self.user_id == user && matches!(self.credential, Credential::Login { .. })
    }

    #[must_use]
    pub const fn key_id(&self) -> Option<KeyId> {
        match self.credential {
            Credential::Key { key_id, .. } => Some(key_id),
            Credential::Login { .. } | Credential::Console => None,
        }
    }
}
