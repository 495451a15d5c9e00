//! REST under `/api/v1`: one file for each noun. Translates between the wire and `orch-control`; decides nothing.

pub mod activity;
pub mod approvals;
pub mod audit;
pub mod auth;
pub mod calls;
pub mod events;
pub mod invitations;
pub mod keys;
pub mod limits;
pub mod mcp_config;
pub mod me;
pub mod members;
pub mod personal_secrets;
pub mod playground;
pub mod policy;
pub mod projects;
pub mod server_catalog;
pub mod servers;
pub mod sessions;
pub mod snippets;
pub mod stars;
pub mod system;
pub mod teams;
pub mod tools;
pub mod usage;
pub mod users;

use std::fmt;
use std::sync::Arc;

use orch_control::Control;
use orch_domain::port::clock::Clock;

use crate::client::Clients;
use crate::identity::Identity;
use crate::register::Register;
use crate::site::Site;
use crate::stopping::Stopping;

/// What the handlers work with.
pub struct Rest {
    pub control: Control,
    pub identity: Identity,
    pub clock: Arc<dyn Clock>,
    pub(crate) clients: Clients,
    pub(crate) site: Arc<Site>,
    pub(crate) event_seats: events::Seats,
    pub(crate) stopping: Stopping,
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").finish_non_exhaustive()
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.scope("/api/v1", |config| {
        auth::configure(config);
        me::configure(config);
        users::configure(config);
        teams::configure(config);
        invitations::configure(config);
        projects::configure(config);
        members::configure(config);
        servers::configure(config);
        personal_secrets::configure(config);
        tools::configure(config);
        playground::configure(config);
        snippets::configure(config);
        stars::configure(config);
        server_catalog::configure(config);
        mcp_config::configure(config);
        keys::configure(config);
        policy::configure(config);
        approvals::configure(config);
        limits::configure(config);
        calls::configure(config);
        sessions::configure(config);
        audit::configure(config);
        events::configure(config);
        activity::configure(config);
        usage::configure(config);
        system::configure(config);
    });
}
