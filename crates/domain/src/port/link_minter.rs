//! Making of the tokens in single-use links.

use secrecy::SecretString;

use crate::api_key::KeyHash;

/// What a link opens; a token for one is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    Invitation,
    PasswordReset,
}

/// A new token: the plain text goes into a link and is never stored.
pub struct MintedLink {
    pub plain: SecretString,
    pub hash: KeyHash,
}

pub trait LinkMinter: Send + Sync {
    fn mint(&self, purpose: LinkPurpose) -> MintedLink;
    /// None when the text does not have the form of such a token.
    fn hash_of(&self, purpose: LinkPurpose, token: &SecretString) -> Option<KeyHash>;
}
