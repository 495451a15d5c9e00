//! Letters that the product sends by mail.

use crate::Timestamp;
use crate::email::Email;
use crate::id::{InvitationId, UserId};

/// One letter to one person. Its text may hold a link that opens something, so `Debug` does not show it.
#[derive(Clone)]
pub struct Letter {
    pub to: Email,
    pub subject: String,
    pub text: String,
    pub about: LetterAbout,
    /// When the link in it stops working, and the letter is of no use any more.
    pub expires_at: Option<Timestamp>,
}

/// What a letter belongs to: where its fate is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterAbout {
    Invitation(InvitationId),
    PasswordReset(UserId),
    /// Somebody asked for an account at an address that has one.
    Account(UserId),
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("to", &self.to).field("about", &self.about).finish_non_exhaustive()
    }
}
