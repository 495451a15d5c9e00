//! The one task that owns a process: starts its keeper, carries its standard error, hears its
//! end, and pushes it to one when asked to. Nobody else signals the process or reaps the keeper.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until, timeout},
};

use crate::{
    confinement::{LimitKind, ProcessLimits, SandboxFault, SandboxProfile},
    error::LaunchError,
    launcher::{groups::Groups, places::Place, scratch::Scratch},
    log::ProcessLog,
    process::{
        exit::ExitReason,
        keeper::{self, Control, Keeper, KeeperOrder},
        ladder::{Ladder, Push},
        scripted::Request,
        stderr::{More, StderrPump},
    },
    wire::{self, Status},
};

/// How much longer than its grace a keeper may take to end a launch that failed.
const HANG: Duration = Duration::from_secs(2);

const SIGXCPU: i32 = nix::libc::SIGXCPU;

/// Everything an owner begins with.
pub(crate) struct Owner {
    pub(crate) order: KeeperOrder,
    pub(crate) program: String,
    /// The one that it was told.
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) limits: ProcessLimits,
    pub(crate) sandbox: Option<SandboxProfile>,
    /// Removed when the process is gone.
    pub(crate) scratch: Option<Scratch>,
    pub(crate) groups: Groups,
    pub(crate) orphan_grace: Duration,
    pub(crate) stderr: StderrPump,
    pub(crate) log: Arc<ProcessLog>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) ended: watch::Sender<Option<ExitReason>>,
    /// Given back when the process is gone.
    pub(crate) place: Place,
}

/// What came of a start.
pub(crate) struct Started {
    pub(crate) pid: u32,
    pub(crate) keeper_pid: u32,
}

impl Owner {
    /// Lives as long as the process. Tells `started` once what came of the start.
    pub(crate) async fn run(self, started: oneshot::Sender<Result<Started, LaunchError>>) {
        let Self {
            order,
            program,
            cwd,
            limits,
            sandbox,
            scratch,
            groups,
            orphan_grace,
            mut stderr,
            log,
            requests,
            ended,
            place,
        } = self;
        let patience = order.timeout;
        let started_keeper = tokio::task::spawn_blocking(move || keeper::start(order)).await;
        let (mut keeper, mut control) = match started_keeper {
            Ok(Ok(parts)) => parts,
            Ok(Err((doing, source))) => {
                drop(place);
                let _ = started.send(Err(LaunchError::Keeper { doing, source }));
                return;
            }
            // Only when the runtime shuts down.
            Err(_) => return,
        };

        let first = timeout(patience, control.hear()).await;
        let error = match first {
            Ok(Some(Status::Started(pid))) => {
                let pid = u32::try_from(pid).unwrap_or(0);
                tracing::debug!(process.pid = pid, "process started");
                stderr.belongs_to(pid);
                log.push(format!("started, process id {pid}"));
                let keeper_pid = keeper.pid();
                // A caller who has gone also let go of the requests, which ends the process.
                let _ = started.send(Ok(Started { pid, keeper_pid }));
                let running = Running {
                    keeper,
                    control,
                    stderr,
                    requests,
                    orphan_grace,
                    ladder: Ladder::default(),
                    limits,
                    log: Arc::clone(&log),
                    last_words: None,
                    over: None,
                };
                let reason = running.watch().await;
                remove(scratch, groups).await;
                tracing::debug!(process.exit = %reason, "process ended");
                log.push(reason.to_string());
                drop(place);
                ended.send_replace(Some(reason));
                return;
            }
            Ok(other) => not_started(other, program, cwd, sandbox),
            Err(_) => LaunchError::Timeout { after: patience },
        };
        // Told that we are gone, the keeper ends; one that hangs is made to.
        control.hang_up().await;
        if timeout(orphan_grace + HANG, gone(&mut control)).await.is_err() {
            keeper.force();
        }
        reap(keeper).await;
        remove(scratch, groups).await;
        log.push(format!("not started: {error}"));
        drop(place);
        let _ = started.send(Err(error));
    }
}

async fn remove(scratch: Option<Scratch>, groups: Groups) {
    // Only a runtime that shuts down does not do it, and then they are removed by being dropped.
    let _ = tokio::task::spawn_blocking(move || drop((scratch, groups))).await;
}

async fn gone(control: &mut Control) {
    while control.hear().await.is_some() {}
}

async fn reap(keeper: Keeper) {
    // The keeper is past its last action, yet it may take the system a moment to let it end.
    let _ = tokio::task::spawn_blocking(move || keeper.reap()).await;
}

fn not_started(
    status: Option<Status>,
    program: String,
    cwd: Option<PathBuf>,
    sandbox: Option<SandboxProfile>,
) -> LaunchError {
    use std::io::{Error, ErrorKind};
    match status {
        Some(Status::BadCwd(errno)) => {
            LaunchError::BadCwd { cwd: cwd.unwrap_or_else(|| "~".into()), source: Error::from_raw_os_error(errno) }
        }
        Some(Status::NoScratch(errno)) => LaunchError::Keeper {
            doing: "entering the directory that was made for it",
            source: Error::from_raw_os_error(errno),
        },
        Some(Status::CannotExecute(errno)) => {
            let source = Error::from_raw_os_error(errno);
            match source.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => LaunchError::NotFound { program },
                ErrorKind::PermissionDenied => LaunchError::PermissionDenied { program },
                _ => LaunchError::CannotExecute { program, source },
            }
        }
        Some(Status::NoSandbox(fault)) => {
            let profile = sandbox.unwrap_or_default();
            LaunchError::Sandbox { what: SandboxFault::from_number(fault).explain(&profile, cwd.as_ref()) }
        }
        Some(Status::KeeperFailed(errno)) => {
            LaunchError::Keeper { doing: "setting up the keeper", source: Error::from_raw_os_error(errno) }
        }
        Some(Status::TooLate) => LaunchError::Keeper {
            doing: "setting up the keeper: launch mode must come first in main, before any thread",
            source: ErrorKind::Unsupported.into(),
        },
        Some(Status::Started(_) | Status::Exited(_) | Status::Signaled(_) | Status::Over(_) | Status::FilesReached)
        | None => LaunchError::Keeper { doing: "hearing from the keeper", source: ErrorKind::UnexpectedEof.into() },
    }
}

struct Running {
    keeper: Keeper,
    control: Control,
    stderr: StderrPump,
    requests: mpsc::Receiver<Request>,
    orphan_grace: Duration,
    ladder: Ladder,
    limits: ProcessLimits,
    log: Arc<ProcessLog>,
    /// How the command ended, from its keeper.
    last_words: Option<Status>,
    /// The limit that it is ended for.
    over: Option<LimitKind>,
}

impl Running {
    async fn watch(mut self) -> ExitReason {
        let mut stderr_open = true;
        let mut held = true;
        loop {
            tokio::select! {
                status = self.control.hear() => match status {
                    Some(Status::Over(kind)) => self.over = Some(kind),
                    Some(Status::FilesReached) => {
                        let limit = self.limits.open_files.unwrap_or_default();
                        self.log.push(format!("has reached its limit of {limit} open files"));
                    }
                    Some(status) => self.last_words = Some(status),
                    None => break,
                },
                more = self.stderr.step(), if stderr_open => stderr_open = more == More::Later,
                request = self.requests.recv(), if held => match request {
                    Some(Request::Stop { grace }) => self.ladder.stop(grace, Instant::now()),
                    Some(Request::Kill) => self.ladder.kill(Instant::now()),
                    None => {
                        held = false;
                        self.ladder.abandon(self.orphan_grace, Instant::now());
                        self.control.hang_up().await;
                    }
                },
                () = until(self.ladder.next()) => match self.ladder.due(Instant::now()) {
                    Some(Push::Terminate) => self.control.tell(wire::TERMINATE).await,
                    Some(Push::Kill) => self.control.tell(wire::KILL).await,
                    Some(Push::Force) => self.keeper.force(),
                    None => {}
                },
            }
        }

        reap(self.keeper).await;
        self.stderr.finish();
        let killed = self.ladder.killed();
        if let Some(kind) = self.over {
            return over(&self.limits, kind);
        }
        match self.last_words {
            // The kernel's own end of a process that has used up its time.
            Some(Status::Signaled(SIGXCPU)) if self.limits.cpu_seconds.is_some() => {
                over(&self.limits, LimitKind::CpuTime)
            }
            Some(Status::Exited(code)) => ExitReason::Code(code),
            Some(Status::Signaled(9)) if killed => ExitReason::Killed,
            Some(Status::Signaled(signal)) => ExitReason::Signal(signal),
            _ if killed => ExitReason::Killed,
            _ => ExitReason::Lost,
        }
    }
}

fn over(limits: &ProcessLimits, kind: LimitKind) -> ExitReason {
    let limit = match kind {
        LimitKind::Memory => limits.memory_bytes,
        LimitKind::CpuTime => limits.cpu_seconds,
        LimitKind::Processes => limits.processes,
    };
    ExitReason::OverLimit { kind, limit: limit.unwrap_or_default() }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
