//! Turns credentials into principals and keeps secrets: passwords, tokens, API keys and the vault.
//! Never decides what a principal may do (that is `orch_domain::policy`), opens no socket and writes no log.
//!
//! To add a kind of credential: implement [`scheme::Scheme`] in a file of its own under `scheme/`, and name it in
//! [`authenticator::Authenticator::new`].

pub mod api_key;
pub mod argument_digest;
pub mod authenticator;
pub mod chain_signature;
pub mod config;
pub mod ended_logins;
pub mod error;
pub mod keyed_hash;
pub mod link_mint;
pub mod logins;
pub mod master;
pub mod password;
pub mod scheme;
pub mod state_seal;
pub mod strength;
pub mod vault;

mod access_token;
mod random;
mod refresh_token;
