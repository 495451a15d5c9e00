//! What tests share: fakes of the ports, builders of test data, and contracts that every implementation of a port must
//! keep. For tests only; no crate depends on it otherwise. Knows no schema.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail at once"
)]

pub mod builders;
pub mod contract;
pub mod fakes;
pub mod fuzz;
pub mod mail_server;
pub mod permissions;
pub mod postgres;
pub mod scripted_peer;
