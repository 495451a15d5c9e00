//! What operators do: each use-case finds its object, has the policy decide, validates, writes and audits. Knows no
//! wire format but `mcp-config.json`, and reaches the world only through the ports of `orch-domain`.

mod access;
pub mod accounts;
pub mod activity;
pub mod approvals;
pub mod audit;
pub mod calls;
pub mod changes;
pub mod config;
mod display_name;
pub mod encryption;
pub mod error;
pub mod events;
pub mod export;
pub mod import;
pub mod instance_uses;
pub mod invitations;
pub mod keys;
mod letters;
pub mod limits;
mod looks;
pub mod mcp_config;
pub mod members;
mod password;
pub mod personal_secrets;
pub mod policies;
pub mod ports;
pub mod problem;
pub mod projects;
mod refusals;
mod retry;
pub mod servers;
pub mod sessions;
pub mod snippets;
pub mod stars;
pub mod system;
pub mod teams;
pub mod tools;
pub mod usage;
pub mod users;

use std::sync::Arc;

use crate::access::Access;
use crate::accounts::Accounts;
use crate::activity::Activity;
use crate::approvals::Approvals;
use crate::audit::Audit;
use crate::calls::Calls;
use crate::encryption::Encryption;
use crate::events::Events;
use crate::export::Export;
use crate::import::Import;
use crate::invitations::Invitations;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::members::Members;
use crate::personal_secrets::PersonalSecrets;
use crate::policies::Policies;
use crate::ports::Ports;
use crate::projects::Projects;
use crate::servers::Servers;
use crate::sessions::Sessions;
use crate::snippets::Snippets;
use crate::stars::Stars;
use crate::system::System;
use crate::teams::Teams;
use crate::tools::Tools;
use crate::usage::Usage;
use crate::users::Users;

/// All use-cases of the control plane, one field for each noun.
#[derive(Debug, Clone)]
pub struct Control {
    pub users: Users,
    pub projects: Projects,
    pub members: Members,
    pub teams: Teams,
    pub invitations: Invitations,
    /// People about themselves.
    pub accounts: Accounts,
    pub servers: Servers,
    pub personal_secrets: PersonalSecrets,
    pub import: Import,
    pub export: Export,
    pub keys: Keys,
    pub snippets: Snippets,
    pub stars: Stars,
    pub policies: Policies,
    pub approvals: Approvals,
    pub limits: Limits,
    pub tools: Tools,
    pub calls: Calls,
    pub sessions: Sessions,
    pub activity: Activity,
    pub usage: Usage,
    pub system: System,
    pub encryption: Encryption,
    pub audit: Audit,
    pub events: Events,
}

impl Control {
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        let ports = Arc::new(ports);
        let access = Access::new(Arc::clone(&ports));
        let invitations = Invitations::new(Arc::clone(&ports), access.clone());
        Self {
            users: Users::new(Arc::clone(&ports), access.clone()),
            projects: Projects::new(Arc::clone(&ports), access.clone()),
            members: Members::new(Arc::clone(&ports), access.clone()),
            teams: Teams::new(Arc::clone(&ports), access.clone()),
            accounts: Accounts::new(Arc::clone(&ports), access.clone(), invitations.clone()),
            invitations,
            servers: Servers::new(Arc::clone(&ports), access.clone()),
            personal_secrets: PersonalSecrets::new(Arc::clone(&ports), access.clone()),
            import: Import::new(Arc::clone(&ports), access.clone()),
            export: Export::new(Arc::clone(&ports), access.clone()),
            keys: Keys::new(Arc::clone(&ports), access.clone()),
            snippets: Snippets::new(Arc::clone(&ports), access.clone()),
            stars: Stars::new(Arc::clone(&ports), access.clone()),
            policies: Policies::new(Arc::clone(&ports), access.clone()),
            approvals: Approvals::new(Arc::clone(&ports), access.clone()),
            limits: Limits::new(Arc::clone(&ports), access.clone()),
            tools: Tools::new(Arc::clone(&ports), access.clone()),
            calls: Calls::new(Arc::clone(&ports), access.clone()),
            sessions: Sessions::new(Arc::clone(&ports), access.clone()),
            activity: Activity::new(Arc::clone(&ports), access.clone()),
            usage: Usage::new(Arc::clone(&ports), access.clone()),
            encryption: Encryption::new(Arc::clone(&ports), access.clone()),
            system: System::new(Arc::clone(&ports), access.clone()),
            audit: Audit::new(Arc::clone(&ports), access.clone()),
            events: Events::new(ports, access),
        }
    }
}
