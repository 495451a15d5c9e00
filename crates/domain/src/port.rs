//! The roles that other crates play for the domain. Each has a contract in `orch-testkit` that runs on its fake and
//! on its real implementation.

pub mod activity_repo;
pub mod approval_desk;
pub mod audit_log;
pub mod call_census;
pub mod call_log;
pub mod catalog_repo;
pub mod chain_signer;
pub mod changes;
pub mod clock;
pub mod desk;
pub mod directory_follower;
pub mod directory_source;
pub mod event_sink;
pub mod invitation_repo;
pub mod key_minter;
pub mod key_repo;
pub mod limits_repo;
pub mod link_minter;
pub mod login_repo;
pub mod password_hasher;
pub mod personal_secret_repo;
pub mod policy_repo;
pub mod post;
pub mod project_repo;
pub mod reset_repo;
pub mod sealed_repo;
pub mod server_logs;
pub mod server_repo;
pub mod server_runtime;
pub mod star_repo;
pub mod system_probe;
pub mod team_repo;
pub mod usage_repo;
pub mod user_repo;
pub mod vault;
