//! Owns a started process: asks it to end, then makes it, on every way out.
//! Touches no process that it did not start.

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take to end when asked.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Guarded {
    child: Child,
}

impl Guarded {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("start {}", command.get_program().to_string_lossy()))?;
        Ok(Self { child })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Returns once it has ended. Again, it does nothing.
    pub(crate) fn end(&mut self) {
        // Asking first lets it end its own children; a master of nginx that is killed does not.
        if self.is_running() && kill_process(Pid::from_child(&self.child), Signal::TERM).is_ok() {
            let asked = Instant::now();
            while self.is_running() && asked.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(2));
            }
        }
        if self.is_running() {
            // It may have ended just now, which is as good.
            let _ended = self.child.kill();
            let _reaped = self.child.wait();
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.end();
    }
}

/// The one place where this tool makes a command.
#[expect(clippy::disallowed_methods, reason = "a tool beside the daemon, without its supervisor")]
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    Command::new(program)
}

#[expect(clippy::disallowed_methods, reason = "a tool beside the daemon, without its settings")]
pub(crate) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// A port that nothing listens on now.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}
