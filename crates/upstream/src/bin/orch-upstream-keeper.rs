//! A binary with launch mode, for the tests of this crate: they start real processes through it. Not part of the
//! product, and speaks no protocol.

fn main() {
    orch_supervisor::launch_mode::run_if_requested();
}
