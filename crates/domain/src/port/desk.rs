//! Where people without a login hand in what they ask for. It is done afterwards, so that neither the answer nor its
//! time tells anything.

use crate::email::Email;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// An account for who has the address.
    Account(Email),
    /// A link to a new password, mailed to the address.
    Password(Email),
}

pub trait Desk: Send + Sync {
    /// Takes the errand and returns at once; false when too many wait already.
    fn hand_in(&self, errand: Errand) -> bool;
}

/// For where nobody works at the desk.
impl Desk for () {
    fn hand_in(&self, _errand: Errand) -> bool {
        false
    }
}
