//! Behavior of the use-cases, over the store in memory.

mod access;
mod import;
mod import_clients;
mod import_round_trip;
mod keys;
mod members;
mod projects;
mod servers;
mod users;
mod world;
