//! Behavior of the use-cases, over the store in memory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once"
)]

mod access;
mod accounts;
mod approvals;
mod audit;
mod departures;
mod import;
mod import_clients;
mod import_round_trip;
mod invitations;
mod keys;
mod limits;
mod meetings;
mod members;
mod personal_secrets;
mod policies;
mod projects;
mod sandboxes;
mod servers;
mod snippets;
mod teams;
mod users;
mod world;
