//! Behavior of the gateway over HTTP, with the real credentials and the store in memory.

mod authorization;
mod errors;
mod hiding;
mod http;
mod listing;
mod login;
mod openapi;
mod secrets;
mod versions;
mod world;
