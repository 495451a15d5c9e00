//! The keeper: starts one command, outlives everything the command starts, and ends all of it when
//! the command ends or the daemon goes. Copies no data and opens no file but in `/proc`.

use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::sys::{
    signal::SigSet,
    signalfd::{SfdFlags, SignalFd},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{DumpableBehavior, Pid, WaitOptions, getpid, set_child_subreaper, set_dumpable_behavior, setsid, wait},
};

use super::descendants;
use crate::wire::{self, Order, STDIO, Status};

const KEEPER_FAILED: i32 = 125;
const NOT_STARTED: i32 = 126;

/// How long a round of kills gets before the next one.
const KILL_ROUND: Duration = Duration::from_millis(10);

pub(super) fn run() -> i32 {
    let alone = is_single_threaded();
    if alone {
        close_inherited();
    }
    let Ok(control) = io::stdin().as_fd().try_clone_to_owned() else {
        return KEEPER_FAILED;
    };
    let mut control = UnixStream::from(control);
    let kept = if alone { keep(&control) } else { Err(Refused(Status::TooLate)) };
    match kept {
        Ok(code) => code,
        Err(Refused(status)) => {
            let _ = control.write_all(&status.to_bytes());
            match status {
                Status::KeeperFailed(_) | Status::TooLate => KEEPER_FAILED,
                _ => NOT_STARTED,
            }
        }
    }
}

/// Signals are blocked for one thread only: any other would swallow the end of a child, and the
/// keeper would wait for it forever.
fn is_single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
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

/// Why nothing runs.
struct Refused(Status);

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self(Status::KeeperFailed(errno(&error)))
    }
}

impl From<rustix::io::Errno> for Refused {
    fn from(error: rustix::io::Errno) -> Self {
        Self(Status::KeeperFailed(error.raw_os_error()))
    }
}

impl From<nix::errno::Errno> for Refused {
    fn from(error: nix::errno::Errno) -> Self {
        io::Error::from(error).into()
    }
}

fn keep(control: &UnixStream) -> Result<i32, Refused> {
    // The command inherits an empty mask whatever the daemon's was.
    SigSet::empty().thread_set_mask()?;
    // An own session: an own group, and no terminal that could stop us or be prompted on.
    setsid()?;
    set_child_subreaper(Some(getpid()))?;
    // The order passes through our memory; nobody is to read that, and no core is to hold it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let _ = rustix::thread::set_name(c"orch-keeper");
    let signals = SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;

    let (order, stdio) = wire::receive_order(control)?;
    let orphan_grace = order.orphan_grace;
    let command = start(order, stdio)?;
    // Only now, or the command would inherit it. From here on a signal to the group is not for
    // us, and none is lost: the first reaping comes after this.
    SigSet::all().thread_block()?;
    // Do not keep the command's directory busy.
    let _ = std::env::set_current_dir("/");

    let mut keeper = Keeper { control, alone: false, signals, command, ending: None, orphan_grace };
    keeper.report(Status::Started(command.as_raw_nonzero().get()));
    Ok(keeper.watch())
}

#[expect(clippy::disallowed_methods, reason = "this is where launchers start processes")]
fn start(order: Order, [input, output, error]: [OwnedFd; STDIO]) -> Result<Pid, Refused> {
    if let Some(cwd) = &order.cwd {
        std::env::set_current_dir(cwd).map_err(|e| Refused(Status::BadCwd(errno(&e))))?;
    }
    let child = Command::new(&order.program)
        .args(&order.args)
        .env_clear()
        .envs(order.env.iter().map(|(name, value): &(OsString, OsString)| (name, value)))
        .stdin(Stdio::from(input))
        .stdout(Stdio::from(output))
        .stderr(Stdio::from(error))
        .spawn()
        .map_err(|e| Refused(Status::CannotExecute(refusal(&order, &e))))?;
    // The handle is not kept: `Keeper::reap` waits for all children alike.
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData).into())
}

/// The error number that says what was wrong with the program. A search of the `PATH` that comes
/// by a directory closed to us ends in "permission denied" even if the program is nowhere.
fn refusal(order: &Order, error: &io::Error) -> i32 {
    let named = !order.program.as_encoded_bytes().contains(&b'/');
    let path = order.env.iter().rev().find(|(name, _)| name == "PATH");
    if let (io::ErrorKind::PermissionDenied, true, Some((_, path))) = (error.kind(), named, path)
        && !std::env::split_paths(path).any(|directory| directory.join(&order.program).exists())
    {
        return rustix::io::Errno::NOENT.raw_os_error();
    }
    errno(error)
}

struct Keeper<'a> {
    control: &'a UnixStream,
    /// The daemon has hung up, or is gone.
    alone: bool,
    signals: SignalFd,
    command: Pid,
    ending: Option<Status>,
    orphan_grace: Duration,
}

enum Event {
    /// A child may have ended, or time is up.
    Look,
    Terminate,
    Kill,
    DaemonGone,
}

impl Keeper<'_> {
    /// Stays until nothing is left; gives the code to exit with.
    fn watch(&mut self) -> i32 {
        loop {
            let left = self.reap();
            if let Some(ending) = self.ending {
                self.report(ending);
                self.sweep(self.orphan_grace);
                return match ending {
                    Status::Signaled(signal) => 128 + signal,
                    Status::Exited(code) => code,
                    _ => KEEPER_FAILED,
                };
            }
            if !left {
                return KEEPER_FAILED;
            }
            match self.wait(None) {
                Event::Look => {}
                Event::Terminate => descendants::terminate(),
                Event::Kill => self.sweep(Duration::ZERO),
                Event::DaemonGone => self.sweep(self.orphan_grace),
            }
        }
    }

    /// Ends every descendant and returns when none is left: SIGTERM, and after `grace` SIGKILL.
    fn sweep(&mut self, grace: Duration) {
        let mut deadline = Instant::now() + grace;
        if !self.reap() {
            return;
        }
        if !grace.is_zero() {
            descendants::terminate();
        }
        while self.reap() {
            let patience = deadline.saturating_duration_since(Instant::now());
            let patience = if patience.is_zero() {
                descendants::kill_children();
                KILL_ROUND
            } else {
                patience
            };
            if let Event::Kill = self.wait(Some(patience)) {
                deadline = Instant::now();
            }
        }
    }

    /// Takes every child that has ended; true while there are others.
    fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.command => {
                    self.ending = match (status.exit_status(), status.terminating_signal()) {
                        (Some(code), _) => Some(Status::Exited(code)),
                        (_, Some(signal)) => Some(Status::Signaled(signal)),
                        _ => self.ending,
                    };
                }
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn wait(&mut self, patience: Option<Duration>) -> Event {
        let timeout = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut watched = vec![PollFd::new(&self.signals, PollFlags::IN)];
        if !self.alone {
            watched.push(PollFd::new(self.control, PollFlags::IN));
        }
        if poll(&mut watched, timeout.as_ref()).is_err() {
            return Event::Look;
        }
        let spoken = watched.get(1).is_some_and(|control| !control.revents().is_empty());
        // Signals other than SIGCHLD are meant for the group we happen to be in; they end here.
        while let Ok(Some(_)) = self.signals.read_signal() {}
        if spoken { self.hear() } else { Event::Look }
    }

    fn hear(&mut self) -> Event {
        let mut control = self.control;
        let mut byte = [0];
        match control.read(&mut byte) {
            Ok(1..) if byte == [wire::TERMINATE] => Event::Terminate,
            Ok(1..) if byte == [wire::KILL] => Event::Kill,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Event::Look,
            Ok(_) | Err(_) => {
                self.alone = true;
                Event::DaemonGone
            }
        }
    }

    fn report(&self, status: Status) {
        // A daemon that is gone is noticed by the next wait.
        let mut control = self.control;
        let _ = control.write_all(&status.to_bytes());
    }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}
