//! API keys: a project's credential for one client or agent.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::Timestamp;
use crate::call::Call;
use crate::id::{KeyId, ProjectId, UserId};
use crate::map::Map;
use crate::policy::scope::Scope;
use crate::quota::Allowance;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: KeyId,
    pub project_id: ProjectId,
    /// The key never may more than this user may now.
    pub creator: UserId,
    pub name: String,
    /// Unique on the instance.
    pub public_id: KeyPublicId,
    pub hash: KeyHash,
    /// What the key may of what its creator may.
    pub scope: Scope,
    /// What the key may ask for; where it says nothing, the project's limits for keys hold.
    pub allowance: Allowance,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// Where the last connection came from, as far as it could be seen.
    pub last_used_from: Option<IpAddr>,
    /// What the client of the last use calls itself.
    pub last_used_by: Option<String>,
    pub created_at: Timestamp,
}

/// One use of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    pub at: Timestamp,
    /// Where the connection came from.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub client: Option<String>,
}

impl KeyUse {
    /// The newest use of each key that `calls` were made with.
    #[must_use]
    pub fn newest_of(calls: &[Call]) -> Vec<(KeyId, Self)> {
        let mut newest: Map<KeyId, &Call> = Map::default();
        for call in calls {
            let Some(key) = call.key_id else { continue };
            let newest = newest.entry(key).or_insert(call);
            if call.at > newest.at {
                *newest = call;
            }
        }
        let used = |call: &Call| Self { at: call.at, address: None, client: Some(call.client.to_string()) };
        newest.into_iter().map(|(key, call)| (key, used(call))).collect()
    }
}

/// How many keys somebody has on a project, and has made there lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTally {
    pub live: u64,
    pub made: u64,
}

impl ApiKey {
    /// So many live keys may one account have on a project. All of them are read again with each change of the project.
    pub const MAX_LIVE: u64 = 200;
    /// So many may it make there within [`ApiKey::LATELY`], dead ones included.
    pub const MAX_MADE: u64 = 200;
    pub const LATELY: Duration = Duration::from_secs(24 * 60 * 60);

    /// Whether the key opens anything at `now`, its creator's rights aside.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether nobody has changed what can be changed of the key between `self` and `other`.
    #[must_use]
    pub fn has_terms_of(&self, other: &Self) -> bool {
        let terms = |key: &Self| (key.name.clone(), key.expires_at, key.scope.clone(), key.allowance);
        terms(self) == terms(other)
    }

    /// A number that is another one when what can be changed of the key is something else; what an `ETag` is made of.
    #[must_use]
    pub fn version(&self) -> u32 {
        let mut digest = Fnv::default();
        digest.text(&self.name);
        for end in [self.expires_at, self.revoked_at] {
            digest.number(end.map(|end| end.unix_timestamp_nanos() / 1000));
        }
        digest.number(self.scope.servers.as_ref().map(|servers| servers.len() as i128));
        for server in self.scope.servers.iter().flatten() {
            digest.bytes(server.as_uuid().as_bytes());
        }
        digest.number(self.scope.tools.as_ref().map(|tools| tools.len() as i128));
        for tool in self.scope.tools.iter().flatten() {
            digest.text(&tool.to_string());
        }
        digest.bytes(&[u8::from(self.scope.read_only)]);
        let Allowance { per_minute, concurrent, per_day } = self.allowance;
        for limit in [per_minute, concurrent, per_day] {
            digest.number(limit.map(i128::from));
        }
        digest.0
    }
}

/// FNV-1a. Tells versions apart and keeps nobody out.
struct Fnv(u32);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x811c_9dc5)
    }
}

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    }

    fn text(&mut self, text: &str) {
        self.number(Some(text.len() as i128));
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, number: Option<i128>) {
        match number {
            None => self.bytes(&[0]),
            Some(number) => {
                self.bytes(&[1]);
                self.bytes(&number.to_be_bytes());
            }
        }
    }
}

/// The public part of a key: 12 characters of `[A-Za-z0-9]`. Safe to show and to log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPublicId(String);

impl KeyPublicId {
    pub const LEN: usize = 12;

    /// None when the text does not have the form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == Self::LEN && text.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyPublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for KeyPublicId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The keyed hash (HMAC-SHA-256) of a key's secret part. Compared in constant time, in `orch-auth` only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}
