//! Behavior of the gateway over HTTP, with the real credentials and the store in memory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once"
)]

mod authorization;
mod confinement;
mod connections;
mod errors;
mod events;
mod hiding;
mod http;
mod listing;
mod login;
mod logs;
mod mcp_bodies;
mod mcp_bridge;
mod mcp_modern;
mod mcp_questions;
mod mcp_sessions;
mod mcp_states;
mod mcp_world;
mod openapi;
mod people;
mod schema;
mod secrets;
mod sessions;
mod stopping;
mod strictness;
mod usage;
mod versions;
mod wire;
mod world;
