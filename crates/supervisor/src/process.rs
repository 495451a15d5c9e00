//! The handle to one running process. Owns no task and signals nothing itself: it asks the
//! process's owner task, and the process ends when the last handle is dropped.

pub(crate) mod exit;
pub(crate) mod keeper;
pub(crate) mod ladder;
pub(crate) mod owner;
pub(crate) mod scripted;
pub(crate) mod stderr;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::unix::pipe,
    sync::{mpsc, watch},
};

use crate::{
    log::ProcessLog,
    process::{exit::ExitReason, scripted::Request},
};

/// A process that was started. Dropping it ends the process and all of its descendants: SIGTERM,
/// a short grace, SIGKILL, in the background.
pub struct Process {
    label: String,
    pid: u32,
    keeper_pid: Option<u32>,
    stdin: Mutex<Option<pipe::Sender>>,
    stdout: Mutex<Option<pipe::Receiver>>,
    log: Arc<ProcessLog>,
    requests: mpsc::Sender<Request>,
    ended: watch::Receiver<Option<ExitReason>>,
}

/// How many of the bytes in a pipe nobody has read, whether or not somebody still could.
pub fn unread(pipe: &pipe::Sender) -> std::io::Result<u64> {
    Ok(rustix::io::ioctl_fionread(pipe)?)
}

/// What a handle is made of.
pub(crate) struct Parts {
    pub(crate) label: String,
    pub(crate) pid: u32,
    pub(crate) keeper_pid: Option<u32>,
    pub(crate) stdin: pipe::Sender,
    pub(crate) stdout: pipe::Receiver,
    pub(crate) log: Arc<ProcessLog>,
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) ended: watch::Receiver<Option<ExitReason>>,
}

impl Process {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            label: parts.label,
            pid: parts.pid,
            keeper_pid: parts.keeper_pid,
            stdin: Mutex::new(Some(parts.stdin)),
            stdout: Mutex::new(Some(parts.stdout)),
            log: parts.log,
            requests: parts.requests,
            ended: parts.ended,
        }
    }

    /// The label of the spec.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The process id of the command. For people only: it may belong to another by the time it
    /// is read.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The process id of the command's keeper, whose group the command is in.
    pub fn keeper_pid(&self) -> Option<u32> {
        self.keeper_pid
    }

    /// The writing end of the command's standard input, non-blocking; `None` when it was taken.
    /// Dropping it is the end of input for the command.
    pub fn take_stdin(&self) -> Option<pipe::Sender> {
        self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The reading end of the command's standard output, non-blocking; `None` when it was taken.
    /// A command whose output nobody reads stops when the pipe is full; its log goes on.
    pub fn take_stdout(&self) -> Option<pipe::Receiver> {
        self.stdout.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The log the process was launched with.
    pub fn log(&self) -> &Arc<ProcessLog> {
        &self.log
    }

    /// How it ended, if it has.
    pub fn exit_reason(&self) -> Option<ExitReason> {
        *self.ended.borrow()
    }

    /// Resolves when the command and all of its descendants are gone. Does not keep the process
    /// alive.
    pub fn exited(&self) -> impl Future<Output = ExitReason> + Send + use<> {
        let mut ended = self.ended.clone();
        async move {
            match ended.wait_for(Option::is_some).await {
                Ok(reason) => reason.unwrap_or(ExitReason::Lost),
                Err(_) => ExitReason::Lost,
            }
        }
    }

    /// Ends the process politely and resolves as [`exited`](Self::exited) does.
    ///
    /// Closes standard input, after half of `grace` sends SIGTERM to the group, after all of it
    /// SIGKILL to every descendant. Whoever took standard input drops it first, or the first half
    /// is spent in vain. May be called again, at any time and by several: the earliest end counts.
    /// What was begun goes on when the future is dropped.
    pub async fn stop(&self, grace: Duration) -> ExitReason {
        drop(self.take_stdin());
        self.ask(Request::Stop { grace }).await
    }

    /// Ends the process and its descendants with SIGKILL and resolves as
    /// [`exited`](Self::exited) does.
    pub async fn kill(&self) -> ExitReason {
        self.ask(Request::Kill).await
    }

    async fn ask(&self, request: Request) -> ExitReason {
        // No owner means that it has ended.
        let _ = self.requests.send(request).await;
        self.exited().await
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("label", &self.label)
            .field("pid", &self.pid)
            .field("exit_reason", &self.exit_reason())
            .finish_non_exhaustive()
    }
}
