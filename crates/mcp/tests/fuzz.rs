//! What reads bytes of strangers, under mutated inputs: nothing panics, and what was read means the same when it is
//! written and read again.

#![expect(clippy::panic, clippy::expect_used, reason = "a panic is what a fuzz target reports with")]

#[path = "fuzz/bodies.rs"]
mod bodies;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");

#[test]
fn envelopes() {
    orch_testkit::fuzz::run(&format!("{CORPUS}/envelope"), bodies::envelope);
}

#[test]
fn events() {
    orch_testkit::fuzz::run(&format!("{CORPUS}/events"), bodies::events);
}

#[test]
fn header_values() {
    orch_testkit::fuzz::run(&format!("{CORPUS}/header"), bodies::header_value);
}

#[test]
fn objects() {
    orch_testkit::fuzz::run(&format!("{CORPUS}/object"), bodies::object);
}
