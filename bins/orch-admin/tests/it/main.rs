//! The command line as an operator has it: the real binary on a data directory of its own.

mod accounts;
mod codes;
mod harness;
mod servers;
mod tools;
