//! The HTTP gateway: REST, MCP endpoints, OpenAPI, health. Translates between HTTP and the crates that act; decides
//! no permission and touches neither the database nor a process.

pub mod api_error;
pub mod body;
pub mod caller;
pub mod client;
pub mod config;
pub mod cookies;
pub mod error;
pub mod etag;
pub mod gateway;
pub mod health;
pub mod identity;
pub mod key_uses;
pub mod listing;
pub mod mcp;
pub mod metrics;
pub mod openapi;
pub mod query;
mod register;
pub mod request_id;
pub mod rest;
pub mod runtimes;
mod serving;
pub mod site;
mod stopping;
mod words;

mod dashboard;
mod fallback;
mod fields;
mod middleware;
mod millis;
mod misread;
mod moment;

pub use gateway::{Gateway, GatewayParts};
