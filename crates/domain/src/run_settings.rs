//! How a server is run: whose its processes are, when they start and stop, what a call may take, and which values each
//! member brings along. Never where the server is.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::secret::Slot;
use crate::words::words;

/// What an admin sets of a server's running; None stands for the instance's own setting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunSettings {
    pub isolation: Isolation,
    /// Runs without being asked, and is started again after every failure.
    pub always_on: bool,
    /// What has not been used for this long is stopped.
    pub idle_stop: Option<Duration>,
    /// Tools that may take longer, or less long, than the server's other calls.
    pub tool_timeouts: BTreeMap<String, Duration>,
    /// Calls at the same time; more get a busy error.
    pub max_in_flight: Option<u32>,
    /// Processes or connections that belong to single principals or sessions, at the same time.
    pub max_connections: Option<u32>,
    /// Variables and headers of which each member has own values, by their slots.
    pub personal: BTreeMap<Slot, PersonalValue>,
}

words! {
    /// Who shares a process or connection of a server.
    #[derive(Default)]
    Isolation {
        /// All clients.
        #[default]
        Shared = "shared",
        /// All that one account, or one API key of it, does.
        PerPrincipal = "per_principal",
        /// One session of one client. Clients without sessions are told apart by their principal.
        PerSession = "per_session",
    }
}

/// What an admin says about a value that each member brings along.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonalValue {
    /// Without an own value a call fails. Otherwise the project's own value is used, if there is one.
    pub required: bool,
    /// What it is and where a member gets it.
    pub description: String,
}

impl RunSettings {
    /// Whether what runs has to be replaced for `other` to hold.
    #[must_use]
    pub fn replaces_processes(&self, other: &Self) -> bool {
        let slots = |settings: &Self| settings.personal.keys().cloned().collect::<Vec<_>>();
        self.isolation != other.isolation || slots(self) != slots(other)
    }

    /// The values without which nobody is served.
    pub fn required_personal(&self) -> impl Iterator<Item = &Slot> {
        self.personal.iter().filter(|(_, value)| value.required).map(|(slot, _)| slot)
    }
}
