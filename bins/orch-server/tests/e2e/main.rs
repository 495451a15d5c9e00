//! The real daemon against real MCP servers and real clients. Needs Node.js, the servers that `scripts/test.sh` installs,
//! and the PostgreSQL of `scripts/with-postgres.sh`; says so when they are missing.

#![expect(clippy::disallowed_methods, reason = "tests start processes and read where the servers are installed")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once"
)]

mod asked_clients;
mod bad_input;
mod bytes;
mod chained;
mod check_config;
mod confined;
mod crowd;
mod data_directory;
mod eras;
mod everything;
mod followed_file;
mod followers;
mod full_disk;
mod harness;
mod insider;
mod isolation;
mod kill;
mod killed_child;
mod logs;
mod mail;
mod matrix;
mod modern_clients;
mod planted;
mod playground;
mod policy;
mod real_servers;
mod replicas;
mod required_sandbox;
mod revocation;
mod sdk_clients;
mod sick_servers;
mod soak;
mod sse_clients;
mod stopping;
mod watched;
mod wire;
