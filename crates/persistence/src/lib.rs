//! The domain's repository ports over sea-orm, for SQLite and PostgreSQL, and the journal that keeps calls until the
//! database has them. The only crate that speaks SQL. Decides nothing about permission and opens no secret.

mod backup;
mod chain;
mod config;
mod database;
#[expect(unreachable_pub, reason = "the derives of sea-orm write `pub`")]
mod entity;
mod entry_journal;
mod error;
mod journal;
mod named_file;
mod owned_task;
mod paging;
mod repo;
mod sql;
mod store_error;
mod timestamp;
mod writing;

pub use crate::backup::{BackupError, DatabaseCopy, TableCopy, sqlite_file};
pub use crate::config::{DatabaseConfig, JournalConfig, PersistenceConfig};
pub use crate::database::clock::Cut;
pub use crate::database::url::DatabaseUrl;
pub use crate::database::{Database, DatabaseKind, MigrationStep};
pub use crate::entry_journal::EntryJournal;
pub use crate::error::PersistenceError;
pub use crate::journal::{Journal, JournalStatus};
pub use crate::repo::activity_repo::SeaActivityRepo;
pub use crate::repo::audit_chain::{
    AnchorFile, Anchors, Checkpoint, Damage, ExportLine, ExportPlace, Finding, Pruned, SeaAuditChain, VerifyReport,
};
pub use crate::repo::audit_log::SeaAuditLog;
pub use crate::repo::call_census::SeaCallCensus;
pub use crate::repo::call_repo::SeaCallRepo;
pub use crate::repo::catalog_repo::SeaCatalogRepo;
pub use crate::repo::changes::SeaChanges;
pub use crate::repo::directory_source::SeaDirectorySource;
pub use crate::repo::invitation_repo::SeaInvitationRepo;
pub use crate::repo::key_repo::SeaKeyRepo;
pub use crate::repo::limits_repo::SeaLimitsRepo;
pub use crate::repo::login_repo::SeaLoginRepo;
pub use crate::repo::personal_secret_repo::SeaPersonalSecretRepo;
pub use crate::repo::policy_repo::SeaPolicyRepo;
pub use crate::repo::project_repo::SeaProjectRepo;
pub use crate::repo::reset_repo::SeaResetRepo;
pub use crate::repo::sealed_repo::SeaSealedRepo;
pub use crate::repo::secret_checks::{SeaSecretChecks, SecretChecks};
pub use crate::repo::server_repo::SeaServerRepo;
pub use crate::repo::star_repo::SeaStarRepo;
pub use crate::repo::team_repo::SeaTeamRepo;
pub use crate::repo::usage_repo::SeaUsageRepo;
pub use crate::repo::user_repo::SeaUserRepo;
