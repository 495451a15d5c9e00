//! Stores to test on: the fake, a SQLite file, and a database of its own on the PostgreSQL server of the test run.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
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
use orch_persistence::{
    Database, DatabaseConfig, DatabaseUrl, SeaActivityRepo, SeaAuditLog, SeaCallCensus, SeaCallRepo, SeaCatalogRepo,
    SeaChanges, SeaDirectorySource, SeaInvitationRepo, SeaKeyRepo, SeaLimitsRepo, SeaLoginRepo, SeaPersonalSecretRepo,
    SeaPolicyRepo, SeaProjectRepo, SeaResetRepo, SeaSealedRepo, SeaServerRepo, SeaStarRepo, SeaTeamRepo, SeaUsageRepo,
    SeaUserRepo,
};
use orch_testkit::contract::TestStore;
use orch_testkit::fakes::MemoryStore;
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

/// All ports over one [`Database`].
pub(crate) struct SeaStore {
    pub(crate) database: Database,
    changes: Arc<SeaChanges>,
}

impl SeaStore {
    /// On a migrated database.
    pub(crate) async fn over(database: Database) -> Self {
        let changes = Arc::new(SeaChanges::start(&database).await.unwrap());
        Self { database, changes }
    }

    pub(crate) async fn close(self) {
        self.changes.shutdown().await;
        self.database.close().await;
    }
}

impl TestStore for SeaStore {
    fn users(&self) -> Arc<dyn UserRepo> {
        Arc::new(SeaUserRepo::new(self.database.clone()))
    }

    fn projects(&self) -> Arc<dyn ProjectRepo> {
        Arc::new(SeaProjectRepo::new(self.database.clone()))
    }

    fn teams(&self) -> Arc<dyn TeamRepo> {
        Arc::new(SeaTeamRepo::new(self.database.clone()))
    }

    fn invitations(&self) -> Arc<dyn InvitationRepo> {
        Arc::new(SeaInvitationRepo::new(self.database.clone()))
    }

    fn resets(&self) -> Arc<dyn ResetRepo> {
        Arc::new(SeaResetRepo::new(self.database.clone()))
    }

    fn servers(&self) -> Arc<dyn ServerRepo> {
        Arc::new(SeaServerRepo::new(self.database.clone()))
    }

    fn keys(&self) -> Arc<dyn KeyRepo> {
        Arc::new(SeaKeyRepo::new(self.database.clone()))
    }

    fn logins(&self) -> Arc<dyn LoginRepo> {
        Arc::new(SeaLoginRepo::new(self.database.clone()))
    }

    fn catalogs(&self) -> Arc<dyn CatalogRepo> {
        Arc::new(SeaCatalogRepo::new(self.database.clone()))
    }

    fn personal_secrets(&self) -> Arc<dyn PersonalSecretRepo> {
        Arc::new(SeaPersonalSecretRepo::new(self.database.clone()))
    }

    fn audit(&self) -> Arc<dyn AuditLog> {
        Arc::new(SeaAuditLog::new(self.database.clone()))
    }

    fn census(&self) -> Arc<dyn CallCensus> {
        Arc::new(SeaCallCensus::new(self.database.clone()))
    }

    fn policies(&self) -> Arc<dyn PolicyRepo> {
        Arc::new(SeaPolicyRepo::new(self.database.clone()))
    }

    fn limits(&self) -> Arc<dyn LimitsRepo> {
        Arc::new(SeaLimitsRepo::new(self.database.clone()))
    }

    fn calls(&self) -> Arc<dyn CallRepo> {
        Arc::new(SeaCallRepo::new(self.database.clone()))
    }

    fn activity(&self) -> Arc<dyn ActivityRepo> {
        Arc::new(SeaActivityRepo::new(self.database.clone()))
    }

    fn usage(&self) -> Arc<dyn UsageRepo> {
        Arc::new(SeaUsageRepo::new(self.database.clone()))
    }

    fn sealed(&self) -> Arc<dyn SealedRepo> {
        Arc::new(SeaSealedRepo::new(self.database.clone()))
    }

    fn directory(&self) -> Arc<dyn DirectorySource> {
        Arc::new(SeaDirectorySource::new(self.database.clone()))
    }

    fn changes(&self) -> Arc<dyn Changes> {
        Arc::<SeaChanges>::clone(&self.changes)
    }

    fn stars(&self) -> Arc<dyn StarRepo> {
        Arc::new(SeaStarRepo::new(self.database.clone()))
    }
}

/// Where a test's database is, for tests that open it more than once.
#[derive(Clone)]
pub(crate) struct Location(String);

impl Location {
    pub(crate) fn url(&self) -> &str {
        &self.0
    }

    pub(crate) async fn connect(&self) -> Database {
        Database::connect(&DatabaseConfig::new(DatabaseUrl::parse(&self.0).unwrap())).await.unwrap()
    }

    pub(crate) async fn open(&self) -> SeaStore {
        let database = self.connect().await;
        database.migrate().await.unwrap();
        SeaStore::over(database).await
    }
}

pub(crate) async fn on_the_fake<F: Future<Output = ()>>(test: impl FnOnce(MemoryStore) -> F) {
    test(MemoryStore::new()).await;
}

/// An empty SQLite file, not there yet.
pub(crate) async fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Location) -> F) {
    let dir = tempfile::tempdir().unwrap();
    test(Location(format!("sqlite://{}", dir.path().join("test.db").display()))).await;
}

/// An empty PostgreSQL database, gone afterwards.
pub(crate) async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(Location) -> F) {
    let server = postgres_server();
    let name = format!("orch_test_{}", Uuid::new_v4().simple());
    execute(&server, &format!("CREATE DATABASE {name}")).await;
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    let outcome = AssertUnwindSafe(test(Location(format!("{base}/{name}")))).catch_unwind().await;
    execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// Never skipped: a suite that is green because half of it did not run is worse than a red one.
#[expect(clippy::disallowed_methods, reason = "scripts/with-postgres.sh tells it so")]
pub(crate) fn postgres_server() -> String {
    std::env::var("ORCH_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!(
            "ORCH_TEST_POSTGRES_URL is not set: run scripts/test.sh, or scripts/with-postgres.sh with the command for \
             these tests only"
        )
    })
}

pub(crate) async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}
