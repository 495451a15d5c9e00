//! The domain's ports over sea-orm, one file per port. Each holds queries and nothing else.

pub(crate) mod activity_repo;
pub(crate) mod audit_chain;
pub(crate) mod audit_log;
pub(crate) mod call_census;
pub(crate) mod call_repo;
pub(crate) mod catalog_repo;
pub(crate) mod changes;
pub(crate) mod directory_source;
mod entry_filter;
pub(crate) mod invitation_repo;
pub(crate) mod key_repo;
pub(crate) mod last_admin;
pub(crate) mod limits_repo;
pub(crate) mod login_repo;
pub(crate) mod personal_secret_repo;
pub(crate) mod policy_repo;
pub(crate) mod project_repo;
pub(crate) mod reset_repo;
pub(crate) mod sealed_repo;
pub(crate) mod secret_checks;
pub(crate) mod server_repo;
pub(crate) mod star_repo;
pub(crate) mod team_repo;
pub(crate) mod usage_repo;
pub(crate) mod user_repo;

/// Rows per statement where many are written: no database allows any number of parameters.
const ROWS_AT_ONCE: usize = 500;
