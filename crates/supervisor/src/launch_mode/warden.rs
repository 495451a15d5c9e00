//! The warden: the parent of the keeper, and its reserve. When the keeper goes before its time, whatever the command
//! has started becomes the warden's, and ends. Hears nobody: what the daemon says is for the keeper.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::sys::{
    signal::SigSet,
    signalfd::{SfdFlags, SignalFd},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, WaitOptions, getpid, set_child_subreaper, setsid, wait},
};

use super::{KEEPER, KEEPER_FAILED, OUR_EXE, descendants};

/// What outlives a keeper that was killed has so long between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(1);

/// How long a round of kills gets before the next one.
const KILL_ROUND: Duration = Duration::from_millis(10);

pub(super) fn run(label: &str) -> i32 {
    watch(label).unwrap_or(KEEPER_FAILED)
}

fn watch(label: &str) -> Option<i32> {
    // An own session: an own group, and no terminal that could stop us or be prompted on.
    setsid().ok()?;
    set_child_subreaper(Some(getpid())).ok()?;
    let _ = rustix::thread::set_name(c"orch-warden");
    SigSet::all().thread_block().ok()?;
    let signals = SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok()?;
    let keeper = start(label)?;
    // The control socket is the keeper's from here on, or its end would not be seen.
    let nothing = std::fs::File::open("/dev/null").ok()?;
    rustix::stdio::dup2_stdin(nothing).ok()?;
    let _ = std::env::set_current_dir("/");

    let mut ended = None;
    let mut deadline = None;
    loop {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == keeper => {
                    ended = Some(status.exit_status().unwrap_or(KEEPER_FAILED));
                }
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => break,
                Err(_) => return ended,
            }
        }
        let patience = ended.map(|_| {
            let now = Instant::now();
            let deadline = *deadline.get_or_insert_with(|| {
                descendants::terminate();
                now + GRACE
            });
            if deadline <= now {
                descendants::kill_children();
                KILL_ROUND
            } else {
                deadline - now
            }
        });
        let timeout = patience.and_then(|patience| Timespec::try_from(patience).ok());
        // Signals other than SIGCHLD are meant for the group that we lead; they end here.
        let _ = poll(&mut [PollFd::new(&signals, PollFlags::IN)], timeout.as_ref());
        while let Ok(Some(_)) = signals.read_signal() {}
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where launchers start processes")]
fn start(label: &str) -> Option<Pid> {
    use std::os::unix::process::CommandExt as _;
    // Standard input is the control socket. The handle is not kept: all children are waited for alike.
    let child = Command::new(OUR_EXE)
        .arg0("orch-keeper")
        .args([KEEPER, label])
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}
