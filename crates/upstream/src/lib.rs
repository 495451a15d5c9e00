//! Peers over stdio, Streamable HTTP and HTTP+SSE: one connection to an upstream server each, with its framing, its ids and
//! its progress tokens. Hands results on as they came. Decides neither who may call nor when to connect again.

pub mod http;
pub mod stdio;

mod address;
mod config;
mod error;
mod excerpt;
mod followed;
mod hello;
mod listed;
mod oddity;
mod progress;
mod questions;
pub mod remote;
mod server_request;
pub mod sse;
mod subscription;

pub use address::{AddressPolicy, BlockedAddress};
pub use config::{BreakerLimits, ClientIdentity, HttpLimits, ProxySettings, StdioLimits, TlsSettings, UpstreamConfig};
pub use error::{ConnectError, DialError};
