//! What this crate promises, tested through its public door: the contracts of the ports on every store, and what is
//! particular to a database, a file or a process.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once"
)]

mod backup;
mod changes;
mod clocks;
mod contracts;
mod database;
mod entry_journal;
mod journal;
mod migrations;
mod secret_checks;
mod silence;
mod stored_calls;
mod stores;
mod tampering;
mod trouble;
