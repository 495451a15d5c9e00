//! Secret values of servers, in their sealed form. Opening them is the [`Vault`](crate::port::vault::Vault)'s work.

use std::fmt;

use crate::id::SecretId;

/// One secret value of a server: an argument, an environment value or a header value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    pub id: SecretId,
    pub slot: Slot,
    pub sealed: Sealed,
}

/// Where the value goes when the server is launched or dialled. Names are not secret, values are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// Position in the argument list, from 0.
    Arg(u16),
    /// Name of the environment variable.
    Env(String),
    /// Name of the HTTP header, in lower case.
    Header(String),
}

/// An encrypted value with the id of its key inside; only the vault can read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

/// Names the place of a sealed value; authenticated with it, so that a value moved to another row or column cannot
/// be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedPlace<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: uuid::Uuid,
}

impl Secret {
    /// The place of a secret's sealed value.
    #[must_use]
    pub const fn place(id: SecretId) -> SealedPlace<'static> {
        // Ids of values that a member stored are made of their place, and so of version 5; all others are of version 7.
        let table = if id.as_uuid().get_version_num() == 5 { "personal_secrets" } else { "secrets" };
        SealedPlace { table, column: "sealed", row: id.as_uuid() }
    }
}
