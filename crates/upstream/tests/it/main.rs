//! The behaviour of this crate through its public door: against scripted children and servers of odd manners, and
//! against the official SDK. Waits for conditions, never for time to pass.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

mod http_answers;
mod http_connections;
mod http_eras;
mod http_errors;
mod http_guards;
mod http_handshake;
mod http_listens;
mod http_sessions;
mod http_streams;
mod http_tls;
mod sdk;
mod sse_messages;
mod stdio_calls;
mod stdio_ends;
mod stdio_handshake;
mod stdio_listens;
mod stdio_mixing;
mod stdio_reading;
mod support;
