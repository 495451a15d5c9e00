//! The Model Context Protocol as types and bytes: envelopes, revisions, methods, errors, server-sent events, and the
//! port to a live peer. What is only passed on stays raw text; only what a relay interprets has a type.
//! Does no I/O and knows none of our nouns.

pub mod asking;
pub mod capabilities;
pub mod codec;
pub mod content;
pub mod declared;
pub mod error;
pub mod headers;
pub mod id;
pub mod initialize;
pub mod level;
pub mod listing;
pub mod members;
pub mod message;
pub mod meta;
pub mod method;
pub mod modern;
pub mod object;
pub mod peer;
pub mod question;
pub mod raw;
pub mod revision;
pub mod sse;
pub mod tasks;
mod text;
mod walk;
pub mod word;
