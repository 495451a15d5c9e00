//! The command line as an operator has it: the real binary on a data directory of its own.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail at once")]

mod accounts;
mod codes;
mod daemon;
mod harness;
mod instances;
mod postgres;
mod record;
mod servers;
mod shell;
mod tools;
