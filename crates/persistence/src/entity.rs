//! Rows: one file per table, each with the way to and from the domain's noun. Holds no queries.

pub(crate) mod api_key;
pub(crate) mod audit_entry;
pub(crate) mod call_before;
pub(crate) mod catalog;
pub(crate) mod catalog_item;
pub(crate) mod change;
pub(crate) mod definition;
pub(crate) mod document;
pub(crate) mod instance_limits;
pub(crate) mod invitation;
pub(crate) mod login;
pub(crate) mod membership;
pub(crate) mod password_reset;
pub(crate) mod personal_secret;
pub(crate) mod policy;
pub(crate) mod project;
pub(crate) mod project_limits;
pub(crate) mod refresh_token;
mod run_settings;
pub(crate) mod secret;
pub(crate) mod server;
pub(crate) mod star;
pub(crate) mod team;
pub(crate) mod team_grant;
pub(crate) mod team_membership;
pub(crate) mod user;

use orch_domain::error::StoreError;

/// A column whose value no version of ours has written.
pub(crate) fn corrupt<'a>(
    table: &'static str,
    row: impl ToString + 'a,
) -> impl Fn(&'static str, &dyn ToString) -> StoreError + 'a {
    move |column, reason| StoreError::Corrupt { table, column, row: row.to_string(), reason: reason.to_string() }
}

/// Text from outside as both databases take it: PostgreSQL refuses the character NUL.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Counters are stored as signed numbers, the only ones that PostgreSQL has.
pub(crate) fn to_signed(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
