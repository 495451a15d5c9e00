//! The database schema, one step per file, the same for SQLite and PostgreSQL. Owns tables, constraints and indexes.
//! Knows no domain noun and is never edited backwards: a released step stays as it is.

#![expect(elided_lifetimes_in_paths, reason = "the trait of sea-orm-migration is written so, and lifetimes must match")]

mod m20261101_000001_create_users;
mod m20261101_000002_create_projects;
mod m20261101_000003_create_servers;
mod m20261101_000004_create_api_keys;
mod m20261101_000005_create_logins;
mod m20261101_000006_create_calls;
mod m20261101_000007_create_audit_entries;
mod m20261101_000008_create_catalogs;
mod m20261101_000009_create_changes;
mod m20261125_100001_create_teams;
mod m20261125_100002_create_invitations_and_resets;
mod m20261125_100003_extend_users_and_logins;
mod m20261125_200001_scope_api_keys;
mod m20261125_200002_create_policies;
mod m20261125_200003_create_limits;
mod m20261125_300001_tell_entries;
mod m20261125_300002_chain_records;
mod m20261125_400001_confine_servers;
mod m20261125_500001_add_run_settings;
mod m20261125_500002_create_definitions;
mod m20261125_500003_create_personal_secrets;
mod m20261125_600001_create_stars;
mod m20261125_700001_add_dialects;
mod m20261126_100001_keep_arguments;
mod m20261128_100001_prove_addresses;
mod m20261128_200001_create_secret_checks;
mod m20261128_300001_name_facts;
mod m20261128_300002_tell_refusals;
mod m20261129_100001_span_calls;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

/// All steps in order. `Migrator::up` applies what is pending, `Migrator::get_migration_with_status_read_only` tells.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261101_000001_create_users::Migration),
            Box::new(m20261101_000002_create_projects::Migration),
            Box::new(m20261101_000003_create_servers::Migration),
            Box::new(m20261101_000004_create_api_keys::Migration),
            Box::new(m20261101_000005_create_logins::Migration),
            Box::new(m20261101_000006_create_calls::Migration),
            Box::new(m20261101_000007_create_audit_entries::Migration),
            Box::new(m20261101_000008_create_catalogs::Migration),
            Box::new(m20261101_000009_create_changes::Migration),
            Box::new(m20261125_100001_create_teams::Migration),
            Box::new(m20261125_100002_create_invitations_and_resets::Migration),
            Box::new(m20261125_100003_extend_users_and_logins::Migration),
            Box::new(m20261125_200001_scope_api_keys::Migration),
            Box::new(m20261125_200002_create_policies::Migration),
            Box::new(m20261125_200003_create_limits::Migration),
            Box::new(m20261125_300001_tell_entries::Migration),
            Box::new(m20261125_300002_chain_records::Migration),
            Box::new(m20261125_400001_confine_servers::Migration),
            Box::new(m20261125_500001_add_run_settings::Migration),
            Box::new(m20261125_500002_create_definitions::Migration),
            Box::new(m20261125_500003_create_personal_secrets::Migration),
            Box::new(m20261125_600001_create_stars::Migration),
            Box::new(m20261125_700001_add_dialects::Migration),
            Box::new(m20261126_100001_keep_arguments::Migration),
            Box::new(m20261128_100001_prove_addresses::Migration),
            Box::new(m20261128_200001_create_secret_checks::Migration),
            Box::new(m20261128_300001_name_facts::Migration),
            Box::new(m20261128_300002_tell_refusals::Migration),
            Box::new(m20261129_100001_span_calls::Migration),
        ]
    }
}
