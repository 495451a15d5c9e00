//! `serve`: opens the instance, listens, and on a signal stops in good order.

use std::future::Future;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use orch_auth::authenticator::Authenticator;
use orch_control::Control;
use orch_domain::directory::live::LiveDirectory;
use orch_gateway::config::GatewayConfig;
use orch_gateway::identity::Identity;
use orch_gateway::key_uses::KeyUses;
use orch_gateway::mcp::{McpEndpoints, Running, Sessions};
use orch_gateway::metrics::MetricsHandle;
use orch_gateway::{Gateway, GatewayParts};
use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Flags, Settings};
use crate::followed_file::FollowedFile;
use crate::instance::{Instance, Schema};
use crate::metrics::Scrape;
use crate::probe::InstanceProbe;
use crate::readiness::InstanceReadiness;
use crate::telemetry;

/// The first admin where nobody has named one and there is a file to serve.
const LONE_ADMIN: &str = "admin@localhost";

/// How often sessions are looked at for expired credentials, ended logins and disuse. What ends is to be over within a
/// second.
const SESSION_SWEEP: Duration = Duration::from_millis(500);

/// Runs until a signal; exit code 1 when the start fails.
#[must_use]
pub fn main(flags: &Flags) -> ExitCode {
    let run = || {
        // Before there is a secret in it.
        let hidden = orch_supervisor::hide_memory();
        let settings = Settings::load(flags)?;
        telemetry::start(&settings.log)?;
        if let Err(error) = hidden {
            tracing::warn!(error = %error, "servers run by the same user could read the memory of this process");
        }
        runtime()?.block_on(serve(settings))
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Says why a command failed, with every cause.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    #[expect(clippy::print_stderr, reason = "logging may not be running yet")]
    {
        eprintln!("error: {error:#}");
    }
    ExitCode::FAILURE
}

/// The runtime of everything but the request handlers, which have one of their own on each worker thread. One thread
/// reads what all servers say: it hands on and does not work, and a second one would only be woken up for nothing.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("orch")
        .worker_threads(1)
        .build()
        .context("the runtime cannot be started")
}

async fn serve(mut settings: Settings) -> anyhow::Result<()> {
    let listener = std::net::TcpListener::bind((settings.host, settings.port))
        .with_context(|| format!("cannot listen on {}:{}", settings.host, settings.port))?;
    if settings.port == 0 {
        // What is said about where the daemon is to be found holds for a port of the system's choice, too.
        settings.port = listener.local_addr()?.port();
    }
    let instance = Instance::open(settings, Schema::BringUpToDate).await?;
    for path in &instance.generated_secrets {
        tracing::info!(path, "generated a secret");
    }
    first_admin(&instance).await?;
    let file = match &instance.settings.mcp_config {
        Some(path) => Some(FollowedFile::take_over(path, &instance).await?),
        None => None,
    };
    let settings = &instance.settings;
    let sessions = Arc::clone(&instance.sessions);
    let running = Arc::new(Running::default());
    {
        let (sessions, running) = (Arc::clone(&sessions), Arc::clone(&running));
        let authenticator = Arc::clone(&instance.authenticator);
        instance.directory.observe(move |directory| {
            sessions.recheck(directory, |who| authenticator.is_live(who));
            running.recheck(directory, |who| authenticator.is_live(who));
        });
    }
    let uses = Arc::new(KeyUses::new(Arc::clone(&instance.clock), &settings.trusted_proxies)?);
    let noting = tokio::spawn(note_key_uses(Arc::clone(&uses), instance.control.clone()));
    let endpoints = McpEndpoints {
        relay: Arc::clone(&instance.relay),
        directory: Arc::clone(&instance.directory),
        authenticator: Arc::clone(&instance.authenticator),
        sessions: Arc::clone(&sessions),
        running: Arc::clone(&running),
        playground: Arc::default(),
        seal: Arc::clone(&instance.seal),
        uses: Arc::clone(&uses),
        config: settings.mcp.clone(),
    };
    let config = GatewayConfig {
        base_url: settings.public_url(),
        allowed_origins: settings.allowed_origins.clone(),
        allowed_hosts: settings.allowed_hosts.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        ..GatewayConfig::default()
    };
    let gateway = Gateway::new(GatewayParts {
        config,
        control: instance.control.clone(),
        identity: Identity {
            authenticator: Arc::clone(&instance.authenticator),
            logins: Arc::clone(&instance.logins),
            ended: Arc::clone(&instance.ended),
        },
        clock: Arc::clone(&instance.clock),
        readiness: Arc::new(InstanceReadiness::new(&instance)),
        limiter: Arc::clone(instance.relay.limiter()),
        uses: Arc::clone(&uses),
        mcp: Some(endpoints),
        on_worker: orch_upstream::stdio::read_here,
    })?;
    let address = listener.local_addr()?;
    // Set once: an instance is served once.
    gateway.runtimes().join();
    let _ = instance.probe.runtimes.set(gateway.runtimes().clone());
    let upkeep = tokio::spawn(Arc::clone(&instance.upkeep).run());
    let measuring = measure(&instance)?;
    let sweeping = tokio::spawn(sweep(
        Arc::clone(&sessions),
        Arc::clone(&running),
        Arc::clone(&instance.directory),
        Arc::clone(&instance.authenticator),
    ));
    tracing::info!(%address, base_url = settings.public_url(), "listening");
    let following = file.map(|(file, taken)| {
        say(&file.welcome(&taken, &settings.public_url()));
        tokio::spawn(file.follow(instance.control.clone()))
    });
    let (stop_sessions, stop_running) = (Arc::clone(&sessions), Arc::clone(&running));
    let stop_events = instance.events.clone();
    let stopped = stop_signal()?;
    let served = gateway
        .serve(listener, workers(settings), async move {
            stopped.await;
            tracing::info!("stopping");
            stop_sessions.end_all();
            stop_running.end_all();
            stop_events.close();
        })
        .await;
    sweeping.abort();
    if let Some(following) = following {
        following.abort();
    }
    noting.abort();
    store_key_uses(&uses, &instance.control).await;
    upkeep.abort();
    if let Some(metrics) = measuring {
        metrics.stop(false).await;
    }
    sessions.end_all();
    instance.close().await;
    tracing::info!("stopped");
    served.context("the HTTP server failed")
}

/// How often it is stored who used which API key.
const KEY_USES_EVERY: Duration = Duration::from_secs(10);

async fn note_key_uses(uses: Arc<KeyUses>, control: Control) {
    let mut ticks = tokio::time::interval(KEY_USES_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        store_key_uses(&uses, &control).await;
    }
}

async fn store_key_uses(uses: &KeyUses, control: &Control) {
    let taken = uses.take();
    if !taken.is_empty()
        && let Err(error) = control.keys.note_uses(&taken).await
    {
        tracing::warn!(error = %error, "the last use of API keys could not be stored");
    }
}

/// Serves `/metrics` on its own port. A port that is taken stops the start in production, where somebody relies on it.
fn measure(instance: &Instance) -> anyhow::Result<Option<MetricsHandle>> {
    let settings = &instance.settings.metrics;
    if !settings.enabled {
        return Ok(None);
    }
    let place = (settings.host, settings.port);
    let listener = match std::net::TcpListener::bind(place) {
        Ok(listener) => listener,
        Err(error) if !instance.settings.is_production() => {
            tracing::warn!(error = %error, host = %place.0, port = place.1, "metrics are not served, the port cannot be had");
            return Ok(None);
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot serve metrics on {}:{}", place.0, place.1));
        }
    };
    let address = listener.local_addr()?;
    let scrape = Scrape {
        metrics: Arc::clone(&instance.metrics),
        probe: Arc::<InstanceProbe>::clone(&instance.probe),
        clock: Arc::clone(&instance.clock),
    };
    let (server, handle) = orch_gateway::metrics::server(listener, Arc::new(scrape))?;
    tokio::spawn(server);
    tracing::info!(metrics.address = %address, "metrics are served");
    Ok(Some(handle))
}

/// One thread a core, unless the operator says otherwise.
fn workers(settings: &Settings) -> usize {
    match settings.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        workers => workers,
    }
}

/// Makes the first instance admin where there is none. A generated password is shown here and nowhere else.
async fn first_admin(instance: &Instance) -> anyhow::Result<()> {
    let settings = &instance.settings;
    // With a file to serve, one person needs to say nothing else.
    let lone = settings.mcp_config.as_ref().map(|_| LONE_ADMIN);
    let Some(email) = settings.initial_admin.email.as_deref().or(lone) else { return Ok(()) };
    let created = instance
        .control
        .users
        .bootstrap(email, settings.initial_admin.password.clone())
        .await
        .context("the first admin cannot be created")?;
    let Some(created) = created else { return Ok(()) };
    tracing::info!(email, "created the first instance admin");
    if let Some(password) = &created.generated {
        say(&format!("password of {email} (shown once): {}", password.expose_secret()));
    }
    Ok(())
}

/// Tells the operator something that does not belong in the log. Nobody may be listening: whoever read the start and
/// left (`orch-server serve | head`) must not end the daemon, as `println!` would.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        tracing::warn!(%error, "standard output cannot be written, so what it was to show is lost");
    }
}

async fn sweep(
    sessions: Arc<Sessions>,
    running: Arc<Running>,
    directory: Arc<LiveDirectory>,
    authenticator: Arc<Authenticator>,
) {
    let mut ticks = tokio::time::interval(SESSION_SWEEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = directory.current();
        sessions.recheck(&now, |who| authenticator.is_live(who));
        running.recheck(&now, |who| authenticator.is_live(who));
        sessions.expire();
    }
}

/// Resolves on SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
