//! Vocabulary of the product: nouns, the rules over them, and the ports through which the other crates reach the
//! world. Does no I/O, knows no wire format and no protocol.

pub mod activity;
pub mod alias;
pub mod api_key;
pub mod approval;
pub mod arguments;
pub mod audit;
pub mod call;
pub mod catalog;
pub mod change;
pub mod confinement;
pub mod dialect;
pub mod directory;
pub mod email;
pub mod error;
pub mod event;
pub mod id;
pub mod invitation;
pub mod letter;
pub mod limits;
pub mod login;
pub mod map;
pub mod membership;
pub mod moment;
pub mod page;
pub mod password_reset;
pub mod personal_secret;
pub mod policy;
pub mod port;
pub mod principal;
pub mod project;
pub mod quota;
pub mod refresh_token;
pub mod refusal;
pub mod role;
pub mod run_settings;
pub mod sandbox;
pub mod secret;
pub mod server;
pub mod server_state;
pub mod session;
pub mod slug;
pub mod star;
pub mod team;
pub mod usage;
pub mod user;
mod words;

/// A point in time in UTC. Stored with microsecond precision.
pub type Timestamp = time::OffsetDateTime;
