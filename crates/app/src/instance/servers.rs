//! The servers of an instance as it is opened, and the relay that takes requests to them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use orch_auth::argument_digest::HmacArgumentDigester;
use orch_domain::Timestamp;
use orch_domain::error::WithCauses;
use orch_domain::port::call_census::CallCensus;
use orch_domain::port::call_log::CallLog;
use orch_domain::port::catalog_repo::CatalogRepo;
use orch_mcp::raw::Raw;
use orch_persistence::{Journal, SeaCallCensus, SeaCatalogRepo};
use orch_relay::approvals::Approvals;
use orch_relay::fleet::{Fleet, FleetParts, Starts};
use orch_relay::limits::Limiter;
use orch_relay::relay::{Relay, RelayParts};
use orch_supervisor::{LocalLauncher, LogStore, Writing};

use super::Opener;
use super::ground::Ground;
use super::record::Record;
use crate::config::Environment;
use crate::connector::UpstreamConnector;
use crate::logs;

/// How long the start waits for calls that an earlier process has left in the journal.
const LEFTOVERS: Duration = Duration::from_secs(5);

pub(super) struct Servers {
    pub(super) launcher: Arc<LocalLauncher>,
    pub(super) logs: Arc<LogStore>,
    pub(super) catalogs: Arc<dyn CatalogRepo>,
    pub(super) fleet: Arc<Fleet>,
}

impl Servers {
    /// Waits for no server; they start by themselves only for a daemon.
    pub(super) async fn open(ground: &Ground) -> anyhow::Result<Self> {
        let Ground { settings, opener, .. } = ground;
        let launcher = LocalLauncher::current_exe(settings.supervisor.clone()).hiding(settings.private_paths());
        let launcher = Arc::new(launcher);
        let mut upstream = settings.upstream.clone();
        if settings.environment == Environment::Development {
            upstream.addresses.allow_loopback = true;
        }
        let logs = open_logs(ground).await?;
        let connector = UpstreamConnector::new(
            Arc::<LocalLauncher>::clone(&launcher),
            ground.vault(),
            Arc::clone(&logs),
            upstream,
            settings.confinement(),
        );
        let catalogs: Arc<dyn CatalogRepo> = Arc::new(SeaCatalogRepo::new(ground.database.clone()));
        let stored = catalogs.load_all().await?;
        let fleet = Arc::new(Fleet::new(FleetParts {
            config: settings.relay.clone(),
            clock: ground.clock(),
            connector: Arc::new(connector),
            catalogs: Arc::clone(&catalogs),
            events: Arc::new(ground.events.clone()),
            runtime: tokio::runtime::Handle::current(),
            starts: match opener {
                Opener::Daemon => Starts::AsConfigured,
                Opener::CommandLine => Starts::OnDemand,
            },
            seed: fastrand::u64(..),
        }));
        fleet.reconcile(&ground.directory.current(), &stored);
        {
            let fleet = Arc::clone(&fleet);
            ground.directory.observe(move |directory| fleet.reconcile(directory, &[]));
        }
        Ok(Self { launcher, logs, catalogs, fleet })
    }
}

/// Whether logs of servers are written: by the daemon alone.
pub(super) const fn writing(opener: Opener) -> Writing {
    match opener {
        Opener::Daemon => Writing::Yes,
        Opener::CommandLine => Writing::No,
    }
}

async fn open_logs(ground: &Ground) -> anyhow::Result<Arc<LogStore>> {
    let Ground { settings, opener, .. } = ground;
    let clock = ground.clock();
    let logs = LogStore::open(
        settings.logs_dir(),
        settings.supervisor.log,
        settings.supervisor.log_disk,
        Arc::new(move || std::time::SystemTime::from(clock.now())),
        writing(*opener),
    );
    let logs = Arc::new(logs.context("logs cannot be written")?);
    if *opener == Opener::Daemon {
        match logs::forget_deleted(&logs, &ground.directory.current(), &*ground.source).await {
            Ok(0) => {}
            Ok(servers) => tracing::info!(servers, "took away the logs of servers that are deleted"),
            Err(error) => tracing::warn!(error = %WithCauses(&error), "logs of servers that are deleted may be left"),
        }
    }
    Ok(logs)
}

/// The way of a request to a server, with what may hold it up.
pub(super) struct Way {
    pub(super) census: Arc<dyn CallCensus>,
    pub(super) approvals: Arc<Approvals>,
    pub(super) relay: Arc<Relay>,
}

impl Way {
    pub(super) async fn open(ground: &Ground, record: &Record, fleet: &Arc<Fleet>) -> anyhow::Result<Self> {
        let census: Arc<dyn CallCensus> = Arc::new(SeaCallCensus::new(ground.database.clone()));
        let limiter = Arc::new(Limiter::new(ground.clock()));
        limiter.follow(&ground.directory.current());
        // What a killed daemon has left in the journal is part of the day.
        if tokio::time::timeout(LEFTOVERS, record.journal.flush()).await.is_err() {
            tracing::warn!("calls are still waiting in the journal, and are missing from the counts of the day");
        }
        limiter.seed(&census.counts(midnight(ground.clock.now())).await?);
        {
            let limiter = Arc::clone(&limiter);
            ground.directory.observe(move |directory| limiter.follow(directory));
        }
        let approvals = Arc::new(Approvals::new(ground.clock()));
        let calls: Arc<dyn CallLog> = Arc::<Journal>::clone(&record.journal);
        let relay = Arc::new(Relay::new(RelayParts {
            fleet: Arc::clone(fleet),
            directory: ground.directory(),
            calls,
            digester: Arc::new(HmacArgumentDigester::new(&ground.secrets.master)),
            clock: ground.clock(),
            approvals: Arc::clone(&approvals),
            limiter,
            identity: identity()?,
        }));
        Ok(Self { census, approvals, relay })
    }
}

/// When the day began in UTC.
fn midnight(now: Timestamp) -> Timestamp {
    now.replace_time(time::Time::MIDNIGHT)
}

/// What we call ourselves toward MCP clients.
fn identity() -> anyhow::Result<Raw> {
    let identity = serde_json::json!({
        "name": "mcp-orchestrator",
        "title": "MCP Orchestrator",
        "version": env!("CARGO_PKG_VERSION"),
    });
    Ok(Raw::serialize(&identity)?)
}
