//! People with an account on the instance.

use std::fmt;

use crate::Timestamp;
use crate::email::Email;
use crate::id::UserId;
use crate::words::words;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    /// Shown to others; may be empty.
    pub name: String,
    /// Absent for an account that cannot log in with a password.
    pub password: Option<PasswordHash>,
    pub instance_admin: bool,
    /// Whether the account is known to be of who reads the mail of its address. It is not when it was made by a link that
    /// somebody else was shown, who may have made it in place of the invited.
    pub address_proven: bool,
    pub preferences: Preferences,
    /// Set when the account was switched off; every session and key of it is dead from then on.
    pub deactivated_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Counts the changes; what an `ETag` is made of.
    pub version: u32,
}

impl User {
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.deactivated_at.is_none()
    }
}

/// How the user likes the dashboard; None for what the browser says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    pub language: Option<Language>,
    pub theme: Option<Theme>,
}

words! {
    /// By the tag of BCP 47.
    Language {
        English = "en",
        Korean = "ko",
    }
}

words! {
    /// Of the dashboard.
    Theme {
        Light = "light",
        Dark = "dark",
    }
}

/// An Argon2id hash in PHC string form. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    #[must_use]
    pub const fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}
