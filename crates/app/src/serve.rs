//! `serve`: opens the instance, listens, and on a signal stops in good order.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use orch_auth::authenticator::Authenticator;
use orch_control::Control;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::error::WithCauses;
use orch_domain::port::user_repo::UserRepo as _;
use orch_gateway::identity::Identity;
use orch_gateway::key_uses::KeyUses;
use orch_gateway::mcp::{Draining, McpEndpoints, Running, Sessions};
use orch_gateway::metrics::MetricsHandle;
use orch_gateway::{Gateway, GatewayParts};
use orch_persistence::SeaUserRepo;
use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use crate::config::{Flags, Settings};
use crate::daemon_line::{Answering, Answers};
use crate::data_dir::ServeLock;
use crate::followed_file::{FollowedFile, Known};
use crate::instance::{Instance, Opener};
use crate::metrics::Scrape;
use crate::probe::InstanceProbe;
use crate::readiness::InstanceReadiness;
use crate::stopping::{Signals, Stopping};
use crate::{confined, telemetry};

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
        settings.check_files()?;
        confined::check_machine(&settings)?;
        telemetry::start(&settings.log)?;
        for remark in &settings.remarks {
            tracing::warn!("{remark}");
        }
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
    let _serving = ServeLock::take(&settings)?;
    let instance = Instance::open(settings, Opener::Daemon).await?;
    let answering = answer_beside(&instance);
    for path in &instance.generated_secrets {
        tracing::info!(path = %path.display(), "generated a secret");
    }
    if let Some(warning) = confined::not_started(&instance.settings, &instance.directory.current()) {
        tracing::warn!("{warning}");
    }
    // What cannot be followed is refused before there is an admin whose password is shown once.
    let mut file = match &instance.settings.mcp_config {
        Some(path) => {
            let directory = instance.directory.current();
            let known =
                Known { settings: &instance.settings, directory: &directory, vault: instance.probe.vault.as_ref() };
            Some(FollowedFile::open(path, known).await?)
        }
        None => None,
    };
    first_admin(&instance).await?;
    let taken = match &mut file {
        Some(file) => Some(file.take_over(&instance).await?),
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
        clock: Arc::clone(&instance.clock),
        uses: Arc::clone(&uses),
        instance_uses: Arc::new(instance.instance_uses()),
        config: settings.mcp.clone(),
    };
    let readiness = Arc::new(InstanceReadiness::new(&instance));
    let gateway = Gateway::new(GatewayParts {
        config: settings.gateway(),
        control: instance.control.clone(),
        identity: Identity {
            authenticator: Arc::clone(&instance.authenticator),
            logins: Arc::clone(&instance.logins),
            ended: Arc::clone(&instance.ended),
        },
        clock: Arc::clone(&instance.clock),
        readiness: Arc::<InstanceReadiness>::clone(&readiness),
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
    let stopping = Stopping {
        // Before anybody is told that there is somebody to stop.
        signals: Signals::hear()?,
        readiness,
        gateway: gateway.clone(),
        draining: Draining::new(sessions, running),
        relay: Arc::clone(&instance.relay),
        events: instance.events.clone(),
        patience: Duration::from_secs(settings.relay.drain_secs),
    };
    tracing::info!(%address, base_url = settings.public_url(), "listening");
    if let Err(error) = instance.public_url.note(settings) {
        tracing::warn!("links that orch-admin prints may not lead here: {error:#}");
    }
    let following = file.zip(taken).map(|(file, taken)| {
        say(&file.welcome(&taken, &instance));
        tokio::spawn(file.follow(instance.control.clone()))
    });
    let stopping = Arc::new(stopping);
    let (drained, closing) = oneshot::channel::<()>();
    let shutdown = {
        let stopping = Arc::clone(&stopping);
        async move {
            stopping.drained().await;
            // Nobody listens when the server has failed meanwhile.
            let _ = drained.send(());
        }
    };
    let served = tokio::select! {
        served = gateway.serve(listener, workers(settings), shutdown) => served,
        () = async { let _ = closing.await; stopping.hurried().await } => Ok(()),
    };
    // Where the server has failed, nobody else has.
    stopping.cut_off().await;
    drop(stopping);
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
    drop(answering);
    instance.close().await;
    tracing::info!("stopped");
    served.context("the HTTP server failed")
}

/// Lets the command line ask. Without that its changes are followed all the same, a moment later.
fn answer_beside(instance: &Instance) -> Option<Answering> {
    let answers = Answers {
        seal: Arc::clone(&instance.seal),
        follower: instance.follower.clone(),
        directory: Arc::clone(&instance.directory),
        runtime: Arc::clone(&instance.probe.runtime),
    };
    match Answering::start(&instance.settings.data_dir, answers) {
        Ok(answering) => Some(answering),
        Err(error) => {
            tracing::warn!("orch-admin cannot ask this daemon anything: {error:#}");
            None
        }
    }
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
        tracing::warn!(error = %WithCauses(&error), "the last use of API keys could not be stored");
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

/// Makes the first instance admin where there is none, or says how to. A generated password is shown here and nowhere
/// else.
async fn first_admin(instance: &Instance) -> anyhow::Result<()> {
    let settings = &instance.settings;
    // With a file to serve, one person needs to say nothing else.
    let lone = settings.mcp_config.as_ref().map(|_| LONE_ADMIN);
    let Some(email) = settings.initial_admin.email.as_deref().or(lone) else {
        if !SeaUserRepo::new(instance.database.clone()).has_instance_admin().await? {
            tracing::warn!(
                "there is no instance admin, so nobody can log in and manage this instance; make one with `orch-admin{} \
                 user create EMAIL --admin`, or set INITIAL_ADMIN_EMAIL and start again",
                settings.flags_of_the_instance()
            );
        }
        return Ok(());
    };
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
