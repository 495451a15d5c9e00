//! A process handle with nobody behind it but a script: for tests of whoever uses processes.
//! Starts nothing.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    net::unix::pipe,
    sync::{mpsc, watch},
};

use crate::{
    log::ProcessLog,
    process::{Parts, Process, exit::ExitReason},
};

/// What a handle asks of the owner of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// End within `grace`; see [`Process::stop`].
    Stop {
        /// From now until SIGKILL.
        grace: Duration,
    },
    /// End now.
    Kill,
}

/// The other side of a scripted process: plays the command.
#[derive(Debug)]
pub struct ProcessScript {
    /// What the handle's user writes to the command.
    pub stdin: pipe::Receiver,
    /// What the command says to the handle's user.
    pub stdout: pipe::Sender,
    requests: mpsc::Receiver<Request>,
    ended: watch::Sender<Option<ExitReason>>,
}

impl ProcessScript {
    /// The next request of the handle's user; `None` when the handle was dropped.
    pub async fn asked(&mut self) -> Option<Request> {
        self.requests.recv().await
    }

    /// The process ends.
    pub fn exit(self, reason: ExitReason) {
        self.ended.send_replace(Some(reason));
    }
}

impl Process {
    /// A handle whose process is played by the script. Needs a runtime.
    pub fn scripted(label: impl Into<String>, log: Arc<ProcessLog>) -> io::Result<(Self, ProcessScript)> {
        let (stdin, stdin_reader) = pipe::pipe()?;
        let (stdout_writer, stdout) = pipe::pipe()?;
        let (requests, requested) = mpsc::channel(4);
        let (ended_sender, ended) = watch::channel(None);
        let process =
            Self::new(Parts { label: label.into(), pid: 0, keeper_pid: None, stdin, stdout, log, requests, ended });
        let script =
            ProcessScript { stdin: stdin_reader, stdout: stdout_writer, requests: requested, ended: ended_sender };
        Ok((process, script))
    }
}
