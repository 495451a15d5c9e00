//! Limits and deadlines of the relay.

use std::time::Duration;

use orch_domain::server::{Server, Transport};
use orch_domain::server_state::RetryPolicy;
use serde::Deserialize;

/// All durations in seconds, but for those that end in `_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelayConfig {
    /// How long a list on the unified endpoint waits for servers whose lists are not known yet.
    pub list_deadline_secs: u64,
    /// How long one page of an upstream's list may take.
    pub fetch_deadline_secs: u64,
    /// Lists are read again after this time, also from a server that says nothing about changes.
    pub refresh_secs: u64,
    /// How long clients may keep the lists of servers that cannot say so themselves; 0 for not at all.
    pub legacy_list_ttl_secs: u64,
    /// A server that has not been used for this long is stopped, unless it says otherwise.
    pub idle_stop_secs: u64,
    /// A server that has not been used for this long is asked whether it is still there.
    pub check_secs: u64,
    /// How long it may take to say so.
    pub check_deadline_secs: u64,
    /// Checks in a row without an answer after which it is restarted.
    pub failed_checks: u32,
    /// The pause after the second failure in a row; it doubles with each further one.
    pub first_pause_ms: u64,
    pub longest_pause_secs: u64,
    /// Failures in a row after which a process is not started any more by itself.
    pub crash_loop_after: u32,
    /// A server that ran for this long before it failed starts again as if it had never failed.
    pub settled_secs: u64,
    /// How long running calls may go on with a process that is being replaced, and when the daemon stops.
    pub drain_secs: u64,
    /// No call takes longer, whatever progress it reports.
    pub longest_call_secs: u64,
    /// Calls in flight to one server, unless it says otherwise; more get a busy error.
    pub max_in_flight: u32,
    /// Connections to one server that belong to single clients, unless it says otherwise.
    pub max_lanes: usize,
    /// At most this many of them are of one account, with all its keys and sessions.
    pub max_lanes_per_user: usize,
    /// Such connections of all servers of one project.
    pub max_lanes_per_project: usize,
    /// Such connections of the whole instance.
    pub max_lanes_total: usize,
    /// Calls to one server that wait for such a connection; more get a busy error at once.
    pub lane_queue: usize,
    /// How long they wait.
    pub lane_wait_secs: u64,
    /// Such a connection that has not been used for this long is closed, unless the server says otherwise.
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
            refresh_secs: 600,
            legacy_list_ttl_secs: 0,
            idle_stop_secs: 600,
            check_secs: 60,
            check_deadline_secs: 10,
            failed_checks: 3,
            first_pause_ms: 500,
            longest_pause_secs: 60,
            crash_loop_after: 8,
            settled_secs: 60,
            drain_secs: 30,
            longest_call_secs: 3600,
            max_in_flight: 1024,
            max_lanes: 64,
            max_lanes_per_user: 16,
            max_lanes_per_project: 256,
            max_lanes_total: 1024,
            lane_queue: 256,
            lane_wait_secs: 10,
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

    pub(crate) const fn refresh(&self) -> Duration {
        Duration::from_secs(self.refresh_secs)
    }

    pub(crate) const fn legacy_list_ttl(&self) -> Duration {
        Duration::from_secs(self.legacy_list_ttl_secs)
    }

    pub(crate) fn idle_stop(&self, server: &Server) -> Duration {
        server.run.idle_stop.unwrap_or(Duration::from_secs(self.idle_stop_secs))
    }

    pub(crate) const fn check(&self) -> Duration {
        Duration::from_secs(self.check_secs)
    }

    pub(crate) const fn check_deadline(&self) -> Duration {
        Duration::from_secs(self.check_deadline_secs)
    }

    /// What is dialled comes back without our doing, so it is tried for ever.
    pub(crate) fn retry(&self, server: &Server) -> RetryPolicy {
        let is_process = matches!(server.transport, Transport::Stdio { .. });
        RetryPolicy {
            first_pause: Duration::from_millis(self.first_pause_ms),
            longest_pause: Duration::from_secs(self.longest_pause_secs),
            give_up_after: is_process.then_some(self.crash_loop_after),
        }
    }

    pub(crate) const fn settled(&self) -> Duration {
        Duration::from_secs(self.settled_secs)
    }

    pub(crate) const fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_secs)
    }

    pub(crate) fn max_in_flight(&self, server: &Server) -> u32 {
        server.run.max_in_flight.unwrap_or(self.max_in_flight)
    }

    pub(crate) fn max_lanes(&self, server: &Server) -> usize {
        server.run.max_connections.map_or(self.max_lanes, |most| usize::try_from(most).unwrap_or(usize::MAX))
    }

    pub(crate) const fn lane_wait(&self) -> Duration {
        Duration::from_secs(self.lane_wait_secs)
    }

    pub(crate) fn lane_idle(&self, server: &Server) -> Duration {
        server.run.idle_stop.unwrap_or(Duration::from_secs(self.lane_idle_secs))
    }

    pub(crate) const fn question(&self) -> Duration {
        Duration::from_secs(self.question_secs)
    }

    pub(crate) const fn longest_call(&self) -> Duration {
        Duration::from_secs(self.longest_call_secs)
    }
}
