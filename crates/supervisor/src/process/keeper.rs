//! The daemon's side of a keeper: starts it by its warden, gives it its order, hears what it tells, and ends
//! the warden's group, which it is in. Signals only while the warden is not reaped, so that its number is nobody
//! else's.

use std::{
    io,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::{net::UnixStream as BlockingStream, process::CommandExt as _},
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open},
};
use tokio::{io::AsyncWriteExt as _, net::UnixStream};

use crate::{
    launch_mode,
    wire::{self, OrderBytes, STDIO, Status, StatusBytes},
};

/// How long a warden may take to end what its keeper has left.
const LAST_SWEEP: Duration = Duration::from_secs(3);

/// What a keeper is started with.
pub(crate) struct KeeperOrder {
    pub(crate) exe: PathBuf,
    pub(crate) label: String,
    pub(crate) order: OrderBytes,
    pub(crate) stdio: [OwnedFd; STDIO],
    pub(crate) timeout: Duration,
}

/// A keeper that was started and is not reaped.
pub(crate) struct Keeper {
    child: Child,
}

/// The control socket. Its other end is held by the keeper alone, so its end is the keeper's end;
/// when this one goes, the keeper ends everything.
pub(crate) struct Control {
    stream: UnixStream,
    partial: StatusBytes,
    filled: usize,
}

/// A step that failed and what the system said.
pub(crate) type StartError = (&'static str, io::Error);

/// Starts a keeper and gives it its order. Blocks for some milliseconds; needs a runtime.
#[expect(clippy::disallowed_methods, reason = "this is where launchers start processes")]
pub(crate) fn start(order: KeeperOrder) -> Result<(Keeper, Control), StartError> {
    let (ours, theirs) = BlockingStream::pair().map_err(|e| ("making the control socket", e))?;
    let child = Command::new(&order.exe)
        .arg0("orch-warden")
        .arg(launch_mode::ARGUMENT)
        .arg(printable(&order.label))
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| ("starting the keeper", e))?;
    let mut keeper = Keeper { child };
    match instruct(ours, &order) {
        Ok(control) => Ok((keeper, control)),
        Err(error) => {
            keeper.force();
            keeper.reap();
            Err(error)
        }
    }
}

fn instruct(control: BlockingStream, order: &KeeperOrder) -> Result<Control, StartError> {
    let [input, output, error] = &order.stdio;
    let stdio = [input.as_fd(), output.as_fd(), error.as_fd()];
    let sent =
        control.set_write_timeout(Some(order.timeout)).and_then(|()| wire::send_order(&control, &order.order, stdio));
    match sent {
        // The keeper is gone before it was told anything. What it has said as its last word can still be read.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {}
        sent => sent.map_err(|e| ("instructing the keeper", e))?,
    }
    control
        .set_nonblocking(true)
        .and_then(|()| UnixStream::from_std(control))
        .map(|stream| Control { stream, partial: [0; 5], filled: 0 })
        .map_err(|e| ("watching the control socket", e))
}

impl Keeper {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills the keeper and its group.
    pub(crate) fn force(&mut self) {
        self.kill_group();
        // Before it has made its group, the keeper is in ours.
        let _ = self.child.kill();
    }

    /// Takes the warden away once it has ended, after killing whatever is left of its group. Its
    /// number is the group's and cannot become anybody else's before this. Blocks until it ended, which is soon: it
    /// has the time to end what a killed keeper has left, and no more.
    pub(crate) fn reap(mut self) {
        self.await_end(LAST_SWEEP);
        self.kill_group();
        let _ = self.child.wait();
    }

    fn await_end(&self, patience: Duration) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let descriptor = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let timeout = Timespec::try_from(patience).ok();
        if let Some(descriptor) = descriptor {
            // Readable once it has ended. A poll that fails is a patience that is over.
            let _ = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], timeout.as_ref());
        }
    }

    fn kill_group(&self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Control {
    /// The next status; `None` when the keeper has ended. Safe to drop.
    pub(crate) async fn hear(&mut self) -> Option<Status> {
        loop {
            self.stream.readable().await.ok()?;
            let room = self.partial.get_mut(self.filled..)?;
            match self.stream.try_read(room) {
                Ok(0) => return None,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
            if self.filled == self.partial.len() {
                self.filled = 0;
                return Status::from_bytes(self.partial);
            }
        }
    }

    /// Tells the keeper one of [`wire::TERMINATE`] and [`wire::KILL`].
    pub(crate) async fn tell(&mut self, command: u8) {
        // A keeper that is gone is noticed where its end is awaited.
        let _ = self.stream.write_all(&[command]).await;
    }

    /// Tells the keeper that we are gone, and goes on listening.
    pub(crate) async fn hang_up(&mut self) {
        let _ = self.stream.shutdown().await;
    }
}

/// A label as it may stand in the list of processes.
fn printable(label: &str) -> String {
    label.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).take(64).collect()
}
