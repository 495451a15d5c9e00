//! Starts processes on this machine, through a keeper each. Holds none: a process belongs to its
//! handle and to its owner task.

use std::{ffi::OsString, io, os::fd::OwnedFd, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use tokio::{
    net::unix::pipe,
    sync::{mpsc, oneshot, watch},
};
use tracing::Instrument as _;

use crate::{
    config::SupervisorConfig,
    confinement::{Confinement, DaemonIds},
    environment,
    error::LaunchError,
    launcher::{
        Launcher,
        groups::GroupPlace,
        home,
        places::Places,
        scratch::{self, Scratch},
    },
    log::{ProcessLog, redact::Redactor},
    process::{
        Parts, Process,
        keeper::KeeperOrder,
        owner::{Owner, Started},
        stderr::StderrPump,
    },
    spec::ProcessSpec,
    wire,
};

/// Requests to one process that may wait for its owner; more make the asker wait.
const REQUESTS: usize = 8;

/// Starts processes on this machine.
#[derive(Debug)]
pub struct LocalLauncher {
    exe: PathBuf,
    config: SupervisorConfig,
    inherited: Vec<(OsString, OsString)>,
    places: Places,
    groups: GroupPlace,
    /// What no sandbox shows, and no command gets to run in by itself.
    hidden: Vec<PathBuf>,
}

impl LocalLauncher {
    /// A launcher whose keepers are run from `exe`, a binary whose `main` begins with
    /// [`run_if_requested`](crate::launch_mode::run_if_requested).
    ///
    /// Of the environment of this process a command inherits, unless its spec overrides them:
    /// `PATH`, `HOME`, `LANG`, `LC_*`, `TZ`, `TMPDIR`, `USER`, `LOGNAME` and `SHELL`.
    ///
    /// What launchers of processes that are gone have left is removed.
    pub fn new(exe: PathBuf, config: SupervisorConfig) -> Self {
        scratch::sweep();
        Self {
            exe,
            places: Places::new(config.max_processes),
            config,
            inherited: environment::inheritable(std::env::vars_os()),
            groups: GroupPlace::find(),
            hidden: Vec::new(),
        }
    }

    /// A launcher whose keepers are run from the binary of this very process, even when its file
    /// has been replaced since.
    pub fn current_exe(config: SupervisorConfig) -> Self {
        Self::new(PathBuf::from("/proc/self/exe"), config)
    }

    /// Hides these paths from every sandbox, such as where the daemon keeps its own secrets; a command that is told no
    /// directory does not run in them either, nor where one of them is a `.env`.
    #[must_use]
    pub fn hiding(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        // Relative paths are ours, not those of a command that is somewhere else.
        self.hidden.extend(paths.into_iter().filter_map(|path| std::path::absolute(path).ok()));
        self
    }

    /// How many processes there are: running, starting, or still being ended.
    pub fn count(&self) -> usize {
        self.places.count()
    }

    /// Starts no more and resolves when the last process is gone. Ends none: handles are dropped
    /// or stopped by whoever holds them.
    pub async fn drained(&self) {
        self.places.drained().await;
    }
}

#[async_trait]
impl Launcher for LocalLauncher {
    async fn launch(&self, mut spec: ProcessSpec, log: Arc<ProcessLog>) -> Result<Process, LaunchError> {
        let place = self.places.take()?;
        // For messages: the home directory is the value of a variable.
        let cwd = spec.cwd.clone();
        if spec.sandbox.is_none() && cwd.is_none() {
            spec.cwd = home::of(&spec, &self.inherited, &self.hidden);
        }
        let needs_scratch = spec.sandbox.is_some() || spec.cwd.is_none();
        let scratch = needs_scratch.then(Scratch::make).transpose();
        let scratch = scratch.map_err(|source| LaunchError::Keeper {
            doing: "making a directory for it in TMPDIR, as it has no `cwd` or is in a sandbox",
            source,
        })?;
        let groups = self.groups.make(&spec.limits);
        let confinement = Confinement {
            limits: spec.limits,
            sandbox: spec.sandbox.clone(),
            hidden: self.hidden.clone(),
            home: self.inherited.iter().find(|(name, _)| name == "HOME").map(|(_, home)| home.into()),
            scratch: scratch.as_ref().map(|scratch| scratch.path().to_path_buf()),
            groups: groups.paths().to_vec(),
            kill_group: groups.kill_group(),
            daemon: DaemonIds::own(),
        };
        let order = wire::encode_order(&spec, &self.inherited, &confinement, self.config.orphan_grace())?;
        let redactor = Arc::new(Redactor::of(&spec));
        let ProcessSpec { label, program, limits, sandbox, .. } = spec;
        let pipes = Pipes::new().map_err(|source| LaunchError::Keeper { doing: "making pipes", source })?;
        log.redact_with(Arc::clone(&redactor));

        let (requests, requested) = mpsc::channel(REQUESTS);
        let (ended_sender, ended) = watch::channel(None);
        let (started_sender, started) = oneshot::channel();
        let owner = Owner {
            order: KeeperOrder {
                exe: self.exe.clone(),
                label: label.clone(),
                order,
                stdio: pipes.theirs,
                timeout: self.config.start_timeout(),
            },
            program: wire::shown(&program),
            cwd,
            limits,
            sandbox,
            scratch,
            groups,
            orphan_grace: self.config.orphan_grace(),
            stderr: StderrPump::new(pipes.stderr, redactor, Arc::clone(&log)),
            log: Arc::clone(&log),
            requests: requested,
            ended: ended_sender,
            place,
        };
        let span = tracing::info_span!("supervisor.process", process.label = %label);
        tokio::spawn(owner.run(started_sender).instrument(span));

        let Started { pid, keeper_pid } = started.await.unwrap_or_else(|_| {
            Err(LaunchError::Keeper { doing: "starting the keeper", source: io::ErrorKind::Interrupted.into() })
        })?;
        Ok(Process::new(Parts {
            label,
            pid,
            keeper_pid: Some(keeper_pid),
            stdin: pipes.stdin,
            stdout: pipes.stdout,
            log,
            requests,
            ended,
        }))
    }
}

/// Three pipes: our ends, which do not block, and the command's, which do.
struct Pipes {
    stdin: pipe::Sender,
    stdout: pipe::Receiver,
    stderr: pipe::Receiver,
    theirs: [OwnedFd; wire::STDIO],
}

impl Pipes {
    fn new() -> io::Result<Self> {
        let (stdin_reader, stdin) = io::pipe()?;
        let (stdout, stdout_writer) = io::pipe()?;
        let (stderr, stderr_writer) = io::pipe()?;
        Ok(Self {
            stdin: pipe::Sender::from_owned_fd(stdin.into())?,
            stdout: pipe::Receiver::from_owned_fd(stdout.into())?,
            stderr: pipe::Receiver::from_owned_fd(stderr.into())?,
            theirs: [stdin_reader.into(), stdout_writer.into(), stderr_writer.into()],
        })
    }
}
