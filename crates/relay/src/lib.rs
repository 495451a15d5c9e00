//! What MCP clients do: find, permit, route, send, relay, record. Decides nothing about transports, credentials or
//! storage; it sees upstreams through [`orch_mcp::peer::Peer`] and everything else through the domain's ports.

pub mod approvals;
pub mod catalog;
pub mod config;
pub mod connector;
pub mod context;
pub mod error;
pub mod faculties;
pub mod fleet;
mod held;
pub mod limits;
mod mending;
mod methods;
mod names;
mod outward;
mod paging;
mod questions;
pub mod relay;
pub mod reply;
mod rounds;
pub mod stop;
pub mod subscription;
mod tasks;
mod uris;
mod view;
