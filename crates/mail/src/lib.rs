//! Letters over SMTP: takes them in at once, sends them one after the other in the background, and notes what became of
//! each. Decides neither who gets one nor what it says.

pub mod config;
pub mod error;
pub mod smtp;

mod notes;
