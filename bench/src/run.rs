//! Owns the side-by-side run: what is started, in which order rows are measured, what went wrong.
//! Knows neither a protocol nor the daemon's interface.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::child::{self, Guarded, free_port};
use crate::client;
use crate::daemon::{self, Access, Daemon, Installation};
use crate::endpoint::Endpoint;
use crate::load::{self, Bound, Dialect, Outcome, Plan, Shape, Target};
use crate::nginx::Nginx;
use crate::report::Report;
use crate::row::Row;
use crate::sample::{Samples, Spent, median};
use crate::stdio_load::{self, StdioUpstream};
use crate::target::{self, Footprint};
use crate::usage;

/// Before each sample, so that no row pays for the caches of the one before.
const WARMUP: Duration = Duration::from_millis(300);
/// For memory to come to rest.
const QUIET: Duration = Duration::from_secs(1);
/// Others that take more than this much of a processor change the figures.
const BUSY: f64 = 0.7;
/// Rounds of one row that differ by more than this make its median doubtful.
const UNSTEADY: f64 = 1.5;
const LATER_STARTS: usize = 3;
const UPSTREAM_LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct RunOptions {
    pub(crate) server: Option<PathBuf>,
    pub(crate) measured: Duration,
    pub(crate) rounds: u64,
    pub(crate) sessions: Vec<u64>,
    pub(crate) rows: Vec<Row>,
    pub(crate) payload: u64,
    pub(crate) held_sessions: u64,
}

/// Everything that runs during the measurement. Dropping it stops all of it.
struct Stage {
    stdio: StdioUpstream,
    nginx: Option<Nginx>,
    daemon: Option<Ready>,
    upstream: Upstream,
}

struct Upstream {
    process: Guarded,
    endpoint: Endpoint,
}

struct Ready {
    daemon: Daemon,
    access: Access,
    // Last, so that the daemon has ended before its folder goes.
    installation: Installation,
}

#[derive(Default)]
struct Findings {
    footprint: Footprint,
    notes: Vec<String>,
    failures: Vec<String>,
}

/// Measures what can be measured; an error only when nothing could.
pub(crate) async fn run(options: &RunOptions) -> Result<Report> {
    let mut findings = Findings::default();
    if let Some(average) = usage::load_average().filter(|average| *average > BUSY) {
        findings
            .notes
            .push(format!("the machine was busy before the run (load average {average}); do not trust the figures"));
    }
    let mut stage = prepare(options, &mut findings).await?;
    let figures = measure(options, &mut stage, &mut findings).await;
    for row in figures.iter().filter(|row| row.spread > UNSTEADY) {
        findings.notes.push(format!(
            "{}, {} sessions: the best round was {:.1} times the worst; whether both ends share a \
             processor alone can do this (`taskset -c 0` before the whole run settles it)",
            row.row.label(),
            row.sessions,
            row.spread
        ));
    }
    if let Some(ready) = &stage.daemon {
        findings.footprint.after_load_mib = resident_mib(ready.daemon.pid());
    }
    if let Err(error) = stage.stdio.end().await {
        findings.failures.push(format!("upstream-stdio: {error:#}"));
    }
    let verdicts = target::judge(&figures, &findings.footprint);
    Ok(Report {
        processors: std::thread::available_parallelism().map_or(0, usize::from),
        figures,
        footprint: findings.footprint,
        verdicts,
        notes: findings.notes,
        failures: findings.failures,
    })
}

async fn prepare(options: &RunOptions, findings: &mut Findings) -> Result<Stage> {
    let upstream = Upstream::start(free_port()?).await.context("start the http upstream")?;
    let nginx = if options.rows.contains(&Row::Nginx) { start_nginx(&upstream.endpoint, findings).await } else { None };
    let daemon = if options.rows.iter().any(|row| row.needs_daemon()) {
        match start_daemon(options, &upstream.endpoint, findings).await {
            Ok(ready) => Some(ready),
            Err(error) => {
                findings.failures.push(format!("daemon: {error:#}"));
                None
            }
        }
    } else {
        None
    };
    Ok(Stage { stdio: StdioUpstream::start().await?, nginx, daemon, upstream })
}

async fn start_nginx(upstream: &Endpoint, findings: &mut Findings) -> Option<Nginx> {
    let Some(program) = Nginx::find() else {
        let note = "nginx is not installed (Debian: nginx-light), so its row is left out";
        findings.notes.push(note.to_owned());
        return None;
    };
    match Nginx::start(&program, upstream).await {
        Ok(nginx) => Some(nginx),
        Err(error) => {
            findings.failures.push(format!("nginx: {error:#}"));
            None
        }
    }
}

async fn start_daemon(options: &RunOptions, upstream: &Endpoint, findings: &mut Findings) -> Result<Ready> {
    let program = match &options.server {
        Some(program) => program.clone(),
        None => beside_this_program("orch-server")?,
    };
    let installation = Installation::new(&program)?;
    let footprint = &mut findings.footprint;
    let daemon = installation.start().await.context("first start")?;
    footprint.ready_first_ms = Some(millis(daemon.ready_after));
    tokio::time::sleep(QUIET).await;
    footprint.idle_first_mib = resident_mib(daemon.pid());
    let access = installation.set_up(upstream).await?;
    drop(daemon);
    let mut starts = Vec::new();
    for _ in 1..LATER_STARTS {
        starts.push(millis(installation.start().await.context("later start")?.ready_after));
    }
    let daemon = installation.start().await.context("later start")?;
    starts.push(millis(daemon.ready_after));
    footprint.ready_again_ms = median(&starts);
    tokio::time::sleep(QUIET).await;
    footprint.idle_set_up_mib = resident_mib(daemon.pid());
    daemon::await_call(&access.http).await.context("call after a later start")?;
    daemon::await_call(&access.stdio).await.context("call after a later start")?;
    match weigh_session(options.held_sessions, &daemon, &access.http).await {
        Ok(kib) => footprint.session_kib = Some(kib),
        Err(error) => findings.failures.push(format!("memory of a session: {error:#}")),
    }
    Ok(Ready { daemon, access, installation })
}

fn beside_this_program(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("find this program")?;
    Ok(this.parent().unwrap_or(Path::new(".")).join(name))
}

/// Opens many sessions on connections of their own, each with a call behind it.
async fn weigh_session(count: u64, daemon: &Daemon, target: &Target) -> Result<f64> {
    let shape = Shape { tool: "echo".to_owned(), payload: 64 };
    // What the first sessions bring into memory once is no session's weight.
    hold(target, &shape, 8).await?;
    tokio::time::sleep(QUIET).await;
    let before = usage::resident_kib(daemon.pid())?;
    let sessions = open_and_call(target, &shape, count).await?;
    tokio::time::sleep(QUIET).await;
    let after = usage::resident_kib(daemon.pid())?;
    for session in sessions {
        session.close().await.context("close a session")?;
    }
    Ok(after.saturating_sub(before) as f64 / count as f64)
}

async fn hold(target: &Target, shape: &Shape, count: u64) -> Result<()> {
    for session in open_and_call(target, shape, count).await? {
        session.close().await.context("close a session")?;
    }
    Ok(())
}

async fn open_and_call(target: &Target, shape: &Shape, count: u64) -> Result<Vec<load::Session>> {
    let mut sessions = load::open(target, shape, count).await?;
    for session in &mut sessions {
        session.call().await?;
    }
    Ok(sessions)
}

#[expect(clippy::print_stderr, reason = "a run takes minutes and should show that it lives")]
async fn measure(options: &RunOptions, stage: &mut Stage, findings: &mut Findings) -> Vec<crate::sample::Figures> {
    let mut all: Vec<Samples> = Vec::new();
    for &sessions in &options.sessions {
        for row in Row::ALL {
            if options.rows.contains(&row) && stage.has(row) {
                all.push(Samples::new(row, sessions));
            }
        }
    }
    let measured = options.measured.div_f64(options.rounds as f64);
    let bound = Bound::Time { warmup: WARMUP, measured };
    let shape = Shape { tool: "echo".to_owned(), payload: options.payload };
    // Rows take turns within a round, so that a machine that slows down slows all of them.
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        if round > 1
            && let Err(error) = stage.restart().await
        {
            findings.failures.push(format!("round {round}: {error:#}"));
        }
        for samples in &mut all {
            let (row, sessions) = (samples.row(), samples.sessions());
            let failed = |what: &str| format!("{}, {sessions} sessions, round {round}: {what}", row.label());
            match stage.sample(row, sessions, bound, &shape).await {
                Ok((outcome, spent)) => {
                    samples.add(&outcome, spent);
                    if let Some(first) = &outcome.first_error {
                        let count = outcome.errors;
                        findings.failures.push(failed(&format!("{count} errors, first: {first}")));
                    }
                }
                Err(error) => findings.failures.push(failed(&format!("{error:#}"))),
            }
        }
    }
    all.iter().filter_map(Samples::figures).collect()
}

impl Upstream {
    async fn start(port: u16) -> Result<Self> {
        let endpoint = Endpoint::local(port, "/mcp");
        let mut process = Guarded::start(
            child::command(std::env::current_exe().context("find this program")?)
                .args(["upstream-http", "--port", &port.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null()),
        )?;
        let started = Instant::now();
        let probe = b"GET /mcp HTTP/1.1\r\n\r\n";
        while !matches!(client::once(endpoint.address(), probe).await, Ok((405, _))) {
            if !process.is_running() || started.elapsed() > UPSTREAM_LIMIT {
                bail!("it did not answer");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(Self { process, endpoint })
    }

    /// Ends it and starts it anew at its address.
    async fn restart(&mut self) -> Result<()> {
        self.process.end();
        *self = Self::start(self.endpoint.address().port()).await?;
        Ok(())
    }
}

impl Stage {
    /// Starts anew what is compared: one start of a program may be some hundredths quicker than another, for all its life.
    async fn restart(&mut self) -> Result<()> {
        self.upstream.restart().await.context("start the http upstream")?;
        if let Some(nginx) = &mut self.nginx {
            nginx.restart(&self.upstream.endpoint).await.context("start nginx")?;
        }
        if let Some(Ready { daemon, access, installation }) = &mut self.daemon {
            installation.restart(daemon).await.context("start the daemon")?;
            daemon::await_call(&access.http).await.context("call after a start")?;
            daemon::await_call(&access.stdio).await.context("call after a start")?;
        }
        Ok(())
    }

    fn has(&self, row: Row) -> bool {
        match row {
            Row::DirectHttp | Row::DirectStdio => true,
            Row::Nginx => self.nginx.is_some(),
            Row::DaemonHttp | Row::DaemonStdio | Row::DaemonModern | Row::DaemonSse => self.daemon.is_some(),
        }
    }

    async fn sample(&mut self, row: Row, sessions: u64, bound: Bound, shape: &Shape) -> Result<(Outcome, Spent)> {
        let before = self.spent(row);
        let outcome = match self.http_target(row) {
            Some(target) => {
                let shape = shape.clone();
                load::run(&Plan { target, sessions, bound, shape }).await?
            }
            None => stdio_load::run(&mut self.stdio, sessions, bound, shape).await?,
        };
        let after = self.spent(row);
        let spent = Spent {
            load: after.load.saturating_sub(before.load),
            between: after.between.saturating_sub(before.between),
            upstream: after.upstream.saturating_sub(before.upstream),
        };
        Ok((outcome, spent))
    }

    fn http_target(&self, row: Row) -> Option<Target> {
        let open = |endpoint: &Endpoint| Target { endpoint: endpoint.clone(), bearer: None, dialect: Dialect::Session };
        match row {
            Row::DirectHttp => Some(open(&self.upstream.endpoint)),
            Row::Nginx => self.nginx.as_ref().map(|nginx| open(nginx.endpoint())),
            Row::DaemonHttp => self.daemon.as_ref().map(|ready| ready.access.http.clone()),
            Row::DaemonStdio => self.daemon.as_ref().map(|ready| ready.access.stdio.clone()),
            Row::DaemonModern => {
                let http = self.daemon.as_ref().map(|ready| ready.access.http.clone());
                http.map(|http| Target { dialect: Dialect::Stateless, ..http })
            }
            Row::DaemonSse => self.daemon.as_ref().map(|ready| ready.access.sse.clone()),
            Row::DirectStdio => None,
        }
    }

    fn spent(&self, row: Row) -> Spent {
        let daemon = self.daemon.as_ref().map(|ready| ready.daemon.pid());
        let between = match row {
            Row::DirectHttp | Row::DirectStdio => Vec::new(),
            Row::Nginx => self.nginx.as_ref().map(Nginx::pids).unwrap_or_default(),
            Row::DaemonHttp | Row::DaemonStdio | Row::DaemonModern | Row::DaemonSse => daemon.into_iter().collect(),
        };
        let upstream = match row {
            Row::DirectHttp | Row::Nginx | Row::DaemonHttp | Row::DaemonModern | Row::DaemonSse => {
                vec![self.upstream.process.pid()]
            }
            Row::DirectStdio => self.stdio.pid().into_iter().collect(),
            Row::DaemonStdio => daemon.map(usage::descendants).unwrap_or_default(),
        };
        Spent {
            load: usage::processor_time(&[std::process::id()]),
            between: usage::processor_time(&between),
            upstream: usage::processor_time(&upstream),
        }
    }
}

fn resident_mib(pid: u32) -> Option<f64> {
    usage::resident_kib(pid).ok().map(|kib| kib as f64 / 1024.0)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
