//! Reads the configuration, wires the crates together, and runs the whole. Decides nothing about users, servers or
//! calls; it only knows who needs whom.

pub mod backup;
mod call_events;
pub mod check;
pub mod clock;
pub mod config;
mod confined;
mod connector;
pub mod daemon_line;
mod data_dir;
mod desk;
mod entry_trail;
mod follow;
mod followed_file;
pub mod instance;
mod logs;
mod metrics;
mod probe;
mod protocol_log;
pub mod public_url;
mod readiness;
mod remains;
pub mod secret_check;
pub mod serve;
mod stopping;
pub mod telemetry;
pub mod unusable;
mod upkeep;

// What the binaries work with: they import nothing of ours but this crate.
pub use orch_control as control;
pub use orch_domain as domain;
pub use orch_gateway::openapi;
pub use orch_mcp as mcp;
pub use orch_persistence as persistence;
pub use orch_relay as relay;
pub use orch_supervisor::{hide_memory, launch_mode};
