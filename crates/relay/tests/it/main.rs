//! The relay through its public door, with scripted peers behind it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail at once"
)]

mod bridged_calls;
mod calls;
mod eras;
mod following;
mod freshness;
mod house;
mod isolation;
mod life;
mod limits;
mod lists;
mod log_levels;
mod policy;
mod questions;
mod quotas;
mod refusals;
mod sick_servers;
mod starting;
