//! Logins: what descends from one check of a password, until it ends.

use std::net::IpAddr;

use crate::Timestamp;
use crate::id::{LoginId, UserId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub id: LoginId,
    pub user_id: UserId,
    pub opened_at: Timestamp,
    /// When its newest refresh token expires.
    pub expires_at: Timestamp,
    /// When it last got new tokens.
    pub seen_at: Timestamp,
    /// Where that came from.
    pub from: LoginFrom,
}

/// Where a login is used, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoginFrom {
    /// What the client calls itself.
    pub client: Option<String>,
    pub address: Option<IpAddr>,
}

impl LoginFrom {
    const LONGEST_CLIENT: usize = 200;

    /// The client's own words, cut and without control characters.
    #[must_use]
    pub fn new(client: Option<&str>, address: Option<IpAddr>) -> Self {
        let client = client.map(|text| text.chars().filter(|c| !c.is_control()).take(Self::LONGEST_CLIENT).collect());
        Self { client: client.filter(|text: &String| !text.trim().is_empty()), address }
    }
}
