//! Contracts: what every implementation of a repository port promises, as one function per port. They run on the fakes
//! here and on the real stores where those are. Each wants a store that nothing was written to.

mod activity;
mod audit_log;
mod call_census;
mod call_repo;
mod catalog_repo;
mod changes;
mod directory_source;
mod invitation_repo;
mod key_repo;
mod limits_repo;
mod login_repo;
mod members;
mod personal_secret_repo;
mod policy_repo;
mod project_repo;
mod reset_repo;
mod sealed_repo;
mod server_repo;
mod star_repo;
mod team_repo;
mod user_repo;

pub use activity::{activity_repo, usage_repo};
pub use audit_log::audit_log;
pub use call_census::call_census;
pub use call_repo::call_repo;
pub use catalog_repo::catalog_repo;
pub use changes::{changes, committed_entries};
pub use directory_source::directory_source;
pub use invitation_repo::invitation_repo;
pub use key_repo::key_repo;
pub use limits_repo::limits_repo;
pub use login_repo::login_repo;
pub use members::members;
pub use personal_secret_repo::personal_secret_repo;
pub use policy_repo::policy_repo;
pub use project_repo::project_repo;
pub use reset_repo::reset_repo;
pub use sealed_repo::sealed_repo;
pub use server_repo::server_repo;
pub use star_repo::star_repo;
pub use team_repo::team_repo;
pub use user_repo::user_repo;

use std::sync::Arc;
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::activity::EntryFilter;
use orch_domain::audit::{AuditEntry, AuditRecord};
use orch_domain::id::{AuditId, ProjectId};
use orch_domain::page::PageRequest;
use orch_domain::port::activity_repo::ActivityRepo;
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::call_census::CallCensus;
use orch_domain::port::call_log::CallRepo;
use orch_domain::port::catalog_repo::CatalogRepo;
use orch_domain::port::changes::Changes;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::invitation_repo::InvitationRepo;
use orch_domain::port::key_repo::KeyRepo;
use orch_domain::port::limits_repo::LimitsRepo;
use orch_domain::port::login_repo::LoginRepo;
use orch_domain::port::personal_secret_repo::PersonalSecretRepo;
use orch_domain::port::policy_repo::PolicyRepo;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::reset_repo::ResetRepo;
use orch_domain::port::sealed_repo::SealedRepo;
use orch_domain::port::server_repo::ServerRepo;
use orch_domain::port::star_repo::StarRepo;
use orch_domain::port::team_repo::TeamRepo;
use orch_domain::port::usage_repo::UsageRepo;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::project::Project;
use orch_domain::server::Server;
use orch_domain::user::User;

use crate::builders::{a_project, a_server, a_user, an_audit_entry};
use crate::fakes::{FixedClock, MemoryStore};

/// All ports of one store.
pub trait TestStore: Send + Sync {
    fn users(&self) -> Arc<dyn UserRepo>;
    fn projects(&self) -> Arc<dyn ProjectRepo>;
    fn teams(&self) -> Arc<dyn TeamRepo>;
    fn invitations(&self) -> Arc<dyn InvitationRepo>;
    fn resets(&self) -> Arc<dyn ResetRepo>;
    fn servers(&self) -> Arc<dyn ServerRepo>;
    fn keys(&self) -> Arc<dyn KeyRepo>;
    fn logins(&self) -> Arc<dyn LoginRepo>;
    fn catalogs(&self) -> Arc<dyn CatalogRepo>;
    fn personal_secrets(&self) -> Arc<dyn PersonalSecretRepo>;
    fn audit(&self) -> Arc<dyn AuditLog>;
    fn calls(&self) -> Arc<dyn CallRepo>;
    fn census(&self) -> Arc<dyn CallCensus>;
    fn policies(&self) -> Arc<dyn PolicyRepo>;
    fn limits(&self) -> Arc<dyn LimitsRepo>;
    fn activity(&self) -> Arc<dyn ActivityRepo>;
    fn usage(&self) -> Arc<dyn UsageRepo>;
    fn sealed(&self) -> Arc<dyn SealedRepo>;
    fn directory(&self) -> Arc<dyn DirectorySource>;
    fn changes(&self) -> Arc<dyn Changes>;
    fn stars(&self) -> Arc<dyn StarRepo>;
}

impl TestStore for MemoryStore {
    fn users(&self) -> Arc<dyn UserRepo> {
        Arc::new(self.clone())
    }

    fn projects(&self) -> Arc<dyn ProjectRepo> {
        Arc::new(self.clone())
    }

    fn teams(&self) -> Arc<dyn TeamRepo> {
        Arc::new(self.clone())
    }

    fn invitations(&self) -> Arc<dyn InvitationRepo> {
        Arc::new(self.clone())
    }

    fn resets(&self) -> Arc<dyn ResetRepo> {
        Arc::new(self.clone())
    }

    fn servers(&self) -> Arc<dyn ServerRepo> {
        Arc::new(self.clone())
    }

    fn keys(&self) -> Arc<dyn KeyRepo> {
        Arc::new(self.clone())
    }

    fn logins(&self) -> Arc<dyn LoginRepo> {
        Arc::new(self.clone())
    }

    fn catalogs(&self) -> Arc<dyn CatalogRepo> {
        Arc::new(self.clone())
    }

    fn personal_secrets(&self) -> Arc<dyn PersonalSecretRepo> {
        Arc::new(self.clone())
    }

    fn audit(&self) -> Arc<dyn AuditLog> {
        Arc::new(self.clone())
    }

    fn calls(&self) -> Arc<dyn CallRepo> {
        Arc::new(self.clone())
    }

    fn census(&self) -> Arc<dyn CallCensus> {
        Arc::new(self.clone())
    }

    fn policies(&self) -> Arc<dyn PolicyRepo> {
        Arc::new(self.clone())
    }

    fn limits(&self) -> Arc<dyn LimitsRepo> {
        Arc::new(self.clone())
    }

    fn activity(&self) -> Arc<dyn ActivityRepo> {
        Arc::new(self.clone())
    }

    fn usage(&self) -> Arc<dyn UsageRepo> {
        Arc::new(self.clone())
    }

    fn sealed(&self) -> Arc<dyn SealedRepo> {
        Arc::new(self.clone())
    }

    fn directory(&self) -> Arc<dyn DirectorySource> {
        Arc::new(self.clone())
    }

    fn changes(&self) -> Arc<dyn Changes> {
        Arc::new(self.clone())
    }

    fn stars(&self) -> Arc<dyn StarRepo> {
        Arc::new(self.clone())
    }
}

/// How often a race is run: often enough to be lost now and then by whoever can lose it.
const ROUNDS: usize = 8;

/// So many seconds after the start of the test.
fn at(seconds: u64) -> Timestamp {
    FixedClock::START + Duration::from_secs(seconds)
}

fn an_entry() -> AuditEntry {
    an_audit_entry().build()
}

async fn a_stored_user(store: &dyn TestStore) -> User {
    let user = a_user().build();
    store.users().create(&user, &an_entry()).await.expect("a user can be created");
    user
}

/// A project and its first admin.
async fn a_stored_project(store: &dyn TestStore) -> (Project, User) {
    let (project, admin) = (a_project().build(), a_stored_user(store).await);
    store.projects().create(&project, admin.id, &an_entry()).await.expect("a project can be created");
    (project, admin)
}

async fn a_stored_server(store: &dyn TestStore, project: ProjectId) -> Server {
    let server = a_server().in_project(project).build();
    store.servers().create(&server, &an_entry()).await.expect("a server can be created");
    server
}

/// Whether the entry was committed.
async fn is_on_record(store: &dyn TestStore, id: AuditId) -> bool {
    let page = store.audit().list(None, &EntryFilter::default(), PageRequest::new(PageRequest::MAX_LIMIT, None)).await;
    let records: Vec<AuditRecord> = page.expect("the audit trail can be read").items;
    records.iter().any(|record| record.id == id)
}
