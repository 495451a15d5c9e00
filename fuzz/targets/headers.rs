//! Any value of a header.

#![no_main]
#![expect(dead_code, reason = "each target runs one of the bodies")]

#[path = "../../crates/mcp/tests/fuzz/bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|input: &[u8]| bodies::header_value(input));
