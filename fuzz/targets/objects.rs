//! Any JSON, edited on its way.

#![no_main]
#![expect(dead_code, reason = "each target runs one of the bodies")]

#[path = "../../crates/mcp/tests/fuzz/bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|input: &[u8]| bodies::object(input));
