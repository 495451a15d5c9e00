//! The keeper: starts one command by its gate, outlives everything the command starts, and ends all of it when
//! the command ends or the daemon goes. Copies no data and opens no file but in `/proc`.

use std::{
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::{net::UnixStream, process::CommandExt as _},
    },
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::sys::{
    signal::SigSet,
    signalfd::{SfdFlags, SignalFd},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{
        DumpableBehavior, Pid, Signal, WaitOptions, getpid, getppid, set_child_subreaper, set_dumpable_behavior,
        set_parent_process_death_signal, wait, waitpid,
    },
};

use super::{
    GATE, KEEPER_FAILED, NOT_STARTED, OUR_EXE, descendants, errno,
    usage::{Finding, Watch, refused_by},
};
use crate::{
    confinement::Confinement,
    wire::{self, OrderBytes, STDIO, Status},
};

/// How long a round of kills gets before the next one.
const KILL_ROUND: Duration = Duration::from_millis(10);

pub(super) fn run() -> i32 {
    let Ok(control) = io::stdin().as_fd().try_clone_to_owned() else {
        return KEEPER_FAILED;
    };
    let mut control = UnixStream::from(control);
    match keep(&control) {
        Ok(code) => code,
        Err(Refused(status)) => {
            let _ = control.write_all(&status.to_bytes());
            match status {
                Status::KeeperFailed(_) => KEEPER_FAILED,
                _ => NOT_STARTED,
            }
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
    let warden = getppid();
    // A warden that goes is noticed: this wakes us, and the parent is another one then.
    set_parent_process_death_signal(Some(Signal::USR2))?;
    SigSet::all().thread_block()?;
    set_child_subreaper(Some(getpid()))?;
    // The order passes through our memory; nobody is to read that, and no core is to hold it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let _ = rustix::thread::set_name(c"orch-keeper");
    let signals = SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;

    let (bytes, stdio) = wire::receive(control)?;
    let order = wire::decode(&bytes)?;
    let command = start(&bytes, stdio)?;
    drop(bytes);
    let Confinement { limits, groups, kill_group, .. } = order.confinement;

    let mut keeper = Keeper {
        control,
        warden,
        alone: false,
        signals,
        command,
        ending: None,
        orphan_grace: order.orphan_grace,
        watch: Watch::new(limits),
        groups,
        kill_group,
    };
    keeper.report(Status::Started(command.as_raw_nonzero().get()));
    Ok(keeper.watch())
}

/// Starts the gate, hands it the order, and waits until it has become the command.
#[expect(clippy::disallowed_methods, reason = "this is where launchers start processes")]
fn start(order: &OrderBytes, stdio: [OwnedFd; STDIO]) -> Result<Pid, Refused> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new(OUR_EXE)
        .arg0("orch-gate")
        .arg(GATE)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // The handle is not kept: `Keeper::reap` waits for all children alike.
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    let [input, output, error] = &stdio;
    wire::send_order(&ours, order, [input.as_fd(), output.as_fd(), error.as_fd()])?;
    drop(stdio);
    let mut said = Vec::new();
    // The socket is closed by becoming the command.
    (&ours).take(5).read_to_end(&mut said)?;
    match said.try_into().ok().and_then(Status::from_bytes) {
        None => Ok(pid),
        Some(refused) => {
            let _ = waitpid(Some(pid), WaitOptions::empty());
            Err(Refused(refused))
        }
    }
}

struct Keeper<'a> {
    control: &'a UnixStream,
    warden: Option<Pid>,
    /// The daemon has hung up, or is gone.
    alone: bool,
    signals: SignalFd,
    command: Pid,
    ending: Option<Status>,
    orphan_grace: Duration,
    watch: Option<Watch>,
    groups: Vec<PathBuf>,
    kill_group: Option<PathBuf>,
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
                if let (true, Some(kind)) = (ending != Status::Exited(0), refused_by(&self.groups)) {
                    self.report(Status::Over(kind));
                }
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
            let patience = self.watch.as_ref().map(Watch::pause);
            match self.wait(patience) {
                Event::Look => self.measure(),
                Event::Terminate => descendants::terminate(),
                Event::Kill => self.sweep(Duration::ZERO),
                Event::DaemonGone => self.sweep(self.orphan_grace),
            }
        }
    }

    /// Ends what has gone over a limit.
    fn measure(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        match watch.look(&self.groups) {
            Finding::Within => {}
            Finding::FilesReached => self.report(Status::FilesReached),
            Finding::Over(kind) => {
                self.report(Status::Over(kind));
                self.watch = None;
                self.sweep(Duration::ZERO);
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
                self.kill();
                KILL_ROUND
            } else {
                patience
            };
            if let Event::Kill = self.wait(Some(patience)) {
                deadline = Instant::now();
            }
        }
    }

    /// Kills at once what can be killed at once: who forks faster than it is found has no way out of a group.
    fn kill(&self) {
        for group in &self.groups {
            // Nobody is born there any more, and so no round finds more than the one before.
            let _ = std::fs::write(group.join("pids.max"), "0");
        }
        if let Some(group) = &self.kill_group {
            let _ = std::fs::write(group.join("cgroup.kill"), "1");
        }
        descendants::kill_children();
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
        if self.is_orphaned() {
            return Event::DaemonGone;
        }
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
        if self.is_orphaned() {
            return Event::DaemonGone;
        }
        if spoken { self.hear() } else { Event::Look }
    }

    /// Whether the warden has gone just now.
    fn is_orphaned(&mut self) -> bool {
        let orphaned = !self.alone && getppid() != self.warden;
        self.alone |= orphaned;
        orphaned
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
        if getppid() != self.warden {
            // What became of the command is not its own doing.
            return;
        }
        // A daemon that is gone is noticed by the next wait.
        let mut control = self.control;
        let _ = control.write_all(&status.to_bytes());
    }
}
