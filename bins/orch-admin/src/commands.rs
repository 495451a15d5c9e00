//! One file for each command. A command reads its arguments, asks `orch-control` or the relay, and shows the answer.

pub(crate) mod adopt_secrets;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod encryption;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod policy;
pub(crate) mod project;
pub(crate) mod server;
pub(crate) mod tool;
pub(crate) mod user;
