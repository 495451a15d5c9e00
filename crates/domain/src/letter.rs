//! Letters that the product sends by mail.

use std::time::Duration;

use crate::Timestamp;
use crate::email::Email;
use crate::id::{InvitationId, UserId};

/// No letter is tried for longer: an invitation whose letter is said to be queued after that has lost it with a daemon. What
/// other letters are about says nothing of them, and what was lost of those is asked for again. None is kept where a start
/// would find it, for its link opens something.
pub const LONGEST_IN_QUEUE: Duration = Duration::from_secs(60 * 60);

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
