//! What is said over the line: one sealed question, one sealed answer to it.

use std::collections::BTreeMap;

use anyhow::Context;
use orch_auth::state_seal::StateSeal;
use orch_domain::Timestamp;
use orch_domain::change::Change;
use orch_domain::id::ProjectId;
use orch_domain::server_state::ServerStatus;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a message is bound to; an answer to its question as well.
pub(super) const QUESTION: &[u8] = b"daemon line: question";
pub(super) const ANSWER: &[u8] = b"daemon line: answer";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Question {
    Follow(Followed),
    /// What the servers of this project are doing.
    Servers(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Followed {
    Users,
    Teams,
    Project(String),
    Logins,
    Everything,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// Whether the change is in force.
    Followed(bool),
    /// By the ids of the servers.
    Servers(BTreeMap<String, ServerReport>),
}

/// What a server is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReport {
    pub state: String,
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
    /// Present while it is not as it should be.
    pub failing: Option<Failing>,
    /// The last failure in plain words, over or not.
    pub last_failure: Option<String>,
    pub next_step: String,
    pub pid: Option<u32>,
    pub revision: Option<String>,
    pub implementation: Option<String>,
    pub calls_in_flight: u32,
    pub own_connections: u32,
    /// When its lists were last read; absent when never.
    #[serde(with = "time::serde::rfc3339::option")]
    pub lists_read: Option<Timestamp>,
    /// The lists are the last good ones: it could not be asked since.
    pub lists_stale: bool,
}

/// Of a server that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// In a row, where they are counted.
    pub failures: Option<u32>,
    /// When it is tried again; absent when not by itself.
    #[serde(with = "time::serde::rfc3339::option")]
    pub tried_again: Option<Timestamp>,
}

impl Question {
    pub(super) fn of_servers(project: ProjectId) -> Self {
        Self::Servers(project.to_string())
    }

    pub(super) fn to_follow(change: Change) -> Self {
        Self::Follow(match change {
            Change::Users => Followed::Users,
            Change::Teams => Followed::Teams,
            Change::Project(id) => Followed::Project(id.to_string()),
            Change::Logins => Followed::Logins,
            Change::Everything => Followed::Everything,
        })
    }
}

impl Followed {
    /// None for an id that is none.
    pub(super) fn change(&self) -> Option<Change> {
        Some(match self {
            Self::Users => Change::Users,
            Self::Teams => Change::Teams,
            Self::Project(id) => Change::Project(id.parse().ok()?),
            Self::Logins => Change::Logins,
            Self::Everything => Change::Everything,
        })
    }
}

impl ServerReport {
    pub(super) fn new(status: ServerStatus) -> Self {
        let failures = status.state.failures();
        let failing = status.state.is_failing().then(|| Failing { failures, tried_again: status.state.retry_at() });
        Self {
            state: status.state.as_str().to_owned(),
            since: status.since,
            failing,
            last_failure: status.reason,
            next_step: status.state.next_step().to_owned(),
            pid: status.pid,
            revision: status.revision,
            implementation: status.implementation,
            calls_in_flight: status.calls_in_flight,
            own_connections: status.own_connections,
            lists_read: status.lists_read,
            lists_stale: status.lists_stale,
        }
    }
}

pub(super) fn seal(seal: &StateSeal, bound: &[&[u8]], message: &impl Serialize) -> anyhow::Result<String> {
    seal.seal(bound, &serde_json::to_vec(message)?).context("the system has no randomness")
}

/// None when nobody with the secret has said it, or not here.
pub(super) fn open<T: DeserializeOwned>(seal: &StateSeal, bound: &[&[u8]], sealed: &str) -> Option<T> {
    serde_json::from_slice(&seal.open(bound, sealed.trim_end())?).ok()
}
