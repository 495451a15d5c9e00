//! The modes in which our own binary starts and keeps one command: warden, keeper, gate. Runs before anything else of
//! the daemon: no runtime, no thread, no configuration, nothing printed.

mod descendants;
mod gate;
mod keeper;
mod sandbox;
mod usage;
mod warden;

use std::{
    ffi::OsStr,
    io::{self, Write as _},
    os::{fd::AsFd as _, unix::net::UnixStream},
};

use crate::{confinement::SandboxProfile, wire::Status};

/// The first argument that asks for the warden, which asks for the others.
pub(crate) const ARGUMENT: &str = "__launch";
const KEEPER: &str = "__keep";
const GATE: &str = "__gate";

/// This very binary, even when its file has been replaced since.
const OUR_EXE: &str = "/proc/self/exe";

const KEEPER_FAILED: i32 = 125;
const NOT_STARTED: i32 = 126;

/// Becomes one of the processes around a command and never returns, if the first argument asks for it; otherwise does
/// nothing.
///
/// The first statement of the `main` of every binary whose path is given to a
/// [`LocalLauncher`](crate::LocalLauncher). It must come before the first thread, so not inside
/// an `async fn main`: every launch through a keeper that has threads is refused.
///
/// The exit code is the command's own, or 128 and the signal that ended it, 126 when the command
/// could not be started and 125 when the keeper itself failed.
pub fn run_if_requested() {
    let mut args = std::env::args_os().skip(1);
    let mode = args.next();
    let is = |name: &str| mode.as_deref() == Some(OsStr::new(name));
    if !is(ARGUMENT) && !is(KEEPER) && !is(GATE) {
        return;
    }
    std::process::exit(if !is_single_threaded() {
        tell_too_late();
        KEEPER_FAILED
    } else if is(ARGUMENT) {
        close_inherited();
        let label = args.next().and_then(|label| label.into_string().ok()).unwrap_or_default();
        warden::run(&label)
    } else if is(KEEPER) {
        keeper::run()
    } else {
        gate::run()
    });
}

/// Whether this machine can put a process into a whole sandbox; else what it lacks. Found out by doing it.
pub fn can_sandbox() -> Result<(), String> {
    sandbox::attempt().map_err(|fault| fault.cause(&SandboxProfile::default(), None))
}

/// Signals are blocked for one thread only: any other would swallow the end of a child, and the
/// keeper would wait for it forever.
fn is_single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}

fn tell_too_late() {
    if let Ok(control) = io::stdin().as_fd().try_clone_to_owned() {
        let _ = UnixStream::from(control).write_all(&Status::TooLate.to_bytes());
    }
}

/// Closes what whoever started the daemon left open to everybody; it is not for the command.
fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else {
        return;
    };
    // All names first: the directory's own descriptor is among them, and closed by then. Nothing
    // else has opened one yet.
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    for descriptor in names.iter().filter_map(|name| name.to_str()?.parse::<i32>().ok()) {
        if descriptor > 2 {
            let _ = nix::unistd::close(descriptor);
        }
    }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}
