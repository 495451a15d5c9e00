//! Names of signals, for people. Sends none.

/// The usual name of a signal number, if it has one.
pub(crate) fn name(signal: i32) -> Option<&'static str> {
    nix::sys::signal::Signal::try_from(signal).ok().map(nix::sys::signal::Signal::as_str)
}
