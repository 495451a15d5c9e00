//! Limits and deadlines of the relay.

use std::time::Duration;

use serde::Deserialize;

/// All durations in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelayConfig {
    /// How long a list on the unified endpoint waits for servers whose lists are not known yet.
    pub list_deadline_secs: u64,
    /// How long one page of an upstream's list may take.
    pub fetch_deadline_secs: u64,
    /// A server that has not been used for this long is stopped.
    pub idle_stop_secs: u64,
    /// No call takes longer, whatever progress it reports.
    pub longest_call_secs: u64,
    /// Calls in flight to one server; more get a busy error.
    pub max_in_flight: u32,
    /// Connections to one server that belong to single clients, which a server may ask something.
    pub max_lanes: usize,
    /// At most this many of them are of one account, with all its keys and sessions.
    pub max_lanes_per_user: usize,
    /// Such a connection that has not been used for this long is closed.
    pub lane_idle_secs: u64,
    /// How long a client may take to answer what a server asks it.
    pub question_secs: u64,
    /// Items of one kind that are taken from one server.
    pub max_items: usize,
    /// Items on one page of a list; longer ones are handed out in several.
    pub page_items: usize,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            list_deadline_secs: 3,
            fetch_deadline_secs: 10,
            idle_stop_secs: 600,
            longest_call_secs: 3600,
            max_in_flight: 1024,
            max_lanes: 64,
            max_lanes_per_user: 16,
            lane_idle_secs: 300,
            question_secs: 600,
            max_items: 5000,
            page_items: 1000,
        }
    }
}

impl RelayConfig {
    pub(crate) const fn list_deadline(&self) -> Duration {
        Duration::from_secs(self.list_deadline_secs)
    }

    pub(crate) const fn fetch_deadline(&self) -> Duration {
        Duration::from_secs(self.fetch_deadline_secs)
    }

    pub(crate) const fn idle_stop(&self) -> Duration {
        Duration::from_secs(self.idle_stop_secs)
    }

    pub(crate) const fn lane_idle(&self) -> Duration {
        Duration::from_secs(self.lane_idle_secs)
    }

    pub(crate) const fn question(&self) -> Duration {
        Duration::from_secs(self.question_secs)
    }

    pub(crate) const fn longest_call(&self) -> Duration {
        Duration::from_secs(self.longest_call_secs)
    }
}
