//! Everything the use-cases reach the world through.

use std::fmt;
use std::sync::Arc;

use orch_domain::change::Change;
use orch_domain::confinement::ConfinementRules;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::event::bus::EventBus;
use orch_domain::id::ProjectId;
use orch_domain::port::activity_repo::ActivityRepo;
use orch_domain::port::approval_desk::ApprovalDesk;
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::call_census::CallCensus;
use orch_domain::port::call_log::CallRepo;
use orch_domain::port::catalog_repo::CatalogRepo;
use orch_domain::port::clock::Clock;
use orch_domain::port::desk::Desk;
use orch_domain::port::directory_follower::DirectoryFollower;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::invitation_repo::InvitationRepo;
use orch_domain::port::key_minter::KeyMinter;
use orch_domain::port::key_repo::KeyRepo;
use orch_domain::port::limits_repo::LimitsRepo;
use orch_domain::port::link_minter::LinkMinter;
use orch_domain::port::login_repo::LoginRepo;
use orch_domain::port::password_hasher::PasswordHasher;
use orch_domain::port::personal_secret_repo::PersonalSecretRepo;
use orch_domain::port::policy_repo::PolicyRepo;
use orch_domain::port::post::Post;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::reset_repo::ResetRepo;
use orch_domain::port::sealed_repo::SealedRepo;
use orch_domain::port::server_logs::ServerLogs;
use orch_domain::port::server_repo::ServerRepo;
use orch_domain::port::server_runtime::ServerRuntime;
use orch_domain::port::session_registry::SessionRegistry;
use orch_domain::port::star_repo::StarRepo;
use orch_domain::port::system_probe::SystemProbe;
use orch_domain::port::team_repo::TeamRepo;
use orch_domain::port::usage_repo::UsageRepo;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::port::vault::Vault;

use crate::config::PeopleConfig;

pub struct Ports {
    pub directory: Arc<LiveDirectory>,
    /// Asked for fresh facts when the live directory says no: it may be some milliseconds behind a grant.
    pub source: Arc<dyn DirectorySource>,
    /// Told of every write, so that it holds for the very next request.
    pub follower: Arc<dyn DirectoryFollower>,
    pub users: Arc<dyn UserRepo>,
    pub logins: Arc<dyn LoginRepo>,
    pub projects: Arc<dyn ProjectRepo>,
    pub teams: Arc<dyn TeamRepo>,
    pub invitations: Arc<dyn InvitationRepo>,
    pub resets: Arc<dyn ResetRepo>,
    pub servers: Arc<dyn ServerRepo>,
    pub personal: Arc<dyn PersonalSecretRepo>,
    pub catalogs: Arc<dyn CatalogRepo>,
    pub keys: Arc<dyn KeyRepo>,
    pub policies: Arc<dyn PolicyRepo>,
    pub limits: Arc<dyn LimitsRepo>,
    /// Calls of this process that wait for somebody's approval.
    pub approvals: Arc<dyn ApprovalDesk>,
    /// Sessions of MCP clients with this process.
    pub sessions: Arc<dyn SessionRegistry>,
    pub calls: Arc<dyn CallRepo>,
    pub census: Arc<dyn CallCensus>,
    pub audit: Arc<dyn AuditLog>,
    pub stars: Arc<dyn StarRepo>,
    pub activity: Arc<dyn ActivityRepo>,
    pub usage: Arc<dyn UsageRepo>,
    pub system: Arc<dyn SystemProbe>,
    pub sealed: Arc<dyn SealedRepo>,
    pub vault: Arc<dyn Vault>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub minter: Arc<dyn KeyMinter>,
    /// Of the tokens in links to people.
    pub links: Arc<dyn LinkMinter>,
    pub post: Arc<dyn Post>,
    pub desk: Arc<dyn Desk>,
    pub runtime: Arc<dyn ServerRuntime>,
    pub logs: Arc<dyn ServerLogs>,
    /// What this instance says about limits and sandboxes of processes.
    pub confinement: ConfinementRules,
    pub clock: Arc<dyn Clock>,
    pub people: PeopleConfig,
    /// What links to people begin with; without a slash at its end.
    pub base_url: String,
    pub events: EventBus,
}

impl Ports {
    /// After a write to a project or something of it.
    pub(crate) async fn written(&self, project: ProjectId) {
        self.follower.catch_up(Change::Project(project)).await;
    }

    /// After a write to a team or who is in it.
    pub(crate) async fn written_teams(&self) {
        self.follower.catch_up(Change::Teams).await;
    }

    /// After a write to an account.
    pub(crate) async fn written_users(&self) {
        self.follower.catch_up(Change::Users).await;
    }

    /// After logins were ended, on their own or with their account.
    pub(crate) async fn ended_logins(&self) {
        self.follower.catch_up(Change::Logins).await;
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}
