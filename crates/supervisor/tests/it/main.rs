//! The behaviour of this crate against real processes: a shell, `sleep`, `env`, `cat`, `setsid`.
//! Signals only processes that it started, and waits for conditions, never for time to pass.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail like tests")]

mod environment;
mod errors;
mod exit;
mod family;
mod limits;
mod log;
mod log_store;
mod sandbox;
mod scripted;
mod secrets;
mod stop;
mod support;
mod survival;
