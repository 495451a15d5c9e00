//! One opened instance: database, secrets, control plane and relay, wired. What the daemon serves and what the
//! command line works with.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use orch_auth::api_key::mint::KeyMint;
use orch_auth::argument_digest::HmacArgumentDigester;
use orch_auth::authenticator::{AuthFacts, Authenticator};
use orch_auth::chain_signature::Ed25519ChainSigner;
use orch_auth::ended_logins::EndedLogins;
use orch_auth::link_mint::LinkMint;
use orch_auth::logins::{LoginPorts, Logins};
use orch_auth::password::{Argon2Cost, Argon2Hasher};
use orch_auth::state_seal::StateSeal;
use orch_auth::vault::AeadVault;
use orch_control::Control;
use orch_control::instance_uses::InstanceUses;
use orch_control::ports::Ports;
use orch_domain::Timestamp;
use orch_domain::approval::Approval;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::event::bus::EventBus;
use orch_domain::event::{Event, Fact};
use orch_domain::invitation::MailState;
use orch_domain::port::call_census::CallCensus;
use orch_domain::port::call_log::{CallLog, CallLogError, CallRepo};
use orch_domain::port::catalog_repo::CatalogRepo;
use orch_domain::port::clock::Clock;
use orch_domain::port::directory_follower::DirectoryFollower;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::event_sink::EventSink;
use orch_domain::port::invitation_repo::InvitationRepo;
use orch_domain::port::key_repo::KeyRepo;
use orch_domain::port::login_repo::LoginRepo;
use orch_domain::port::post::Post;
use orch_domain::port::server_runtime::ServerRuntime;
use orch_domain::port::vault::Vault;
use orch_gateway::mcp::{SessionLimits, Sessions};
use orch_mail::smtp::{PostPorts, SmtpPost};
use orch_mcp::raw::Raw;
use orch_persistence::{
    AnchorFile, Damage, Database, DatabaseKind, EntryJournal, Finding, Journal, SeaActivityRepo, SeaAuditChain,
    SeaAuditLog, SeaCallCensus, SeaCallRepo, SeaCatalogRepo, SeaChanges, SeaDirectorySource, SeaInvitationRepo,
    SeaKeyRepo, SeaLimitsRepo, SeaLoginRepo, SeaPersonalSecretRepo, SeaPolicyRepo, SeaProjectRepo, SeaResetRepo,
    SeaSealedRepo, SeaSecretChecks, SeaServerRepo, SeaStarRepo, SeaTeamRepo, SeaUsageRepo, SeaUserRepo, VerifyReport,
};
use orch_relay::approvals::Approvals;
use orch_relay::fleet::{Fleet, FleetParts, Starts};
use orch_relay::limits::Limiter;
use orch_relay::relay::{Relay, RelayParts};
use orch_supervisor::{LocalLauncher, LogStore, Writing};
use tokio::task::JoinHandle;

use crate::call_events::ToldCalls;
use crate::clock::SystemClock;
use crate::config::{Environment, Secrets, Settings};
use crate::connector::UpstreamConnector;
use crate::daemon_line::{DaemonLine, FollowedByBoth};
use crate::desk;
use crate::entry_trail::EntryTrail;
use crate::follow::{self, Follow, Follower};
use crate::logs::{self, StoredLogs};
use crate::metrics::Metrics;
use crate::probe::{InstanceProbe, Workers};
use crate::public_url::PublicUrl;
use crate::upkeep::Upkeep;
use crate::{backup, data_dir, secret_check};

/// How long the end waits for the database to take the last calls; what it does not take stays in the journal.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// How long the start waits for calls that an earlier process has left in the journal.
const LEFTOVERS: Duration = Duration::from_secs(5);
/// How long letters that wait are given.
const LAST_LETTERS: Duration = Duration::from_secs(5);

/// What is said where nothing brings the schema up to date by itself.
pub(crate) const SCHEMA_IS_OLD: &str = "the database schema is not up to date; run: orch-admin migrate up";

/// Who opens an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// Brings the database schema up to date, unless the settings say otherwise; has servers run as they are configured
    /// and writes their logs.
    Daemon,
    /// Needs a schema that is up to date; starts a server only for who waits for it, and reads the logs that the daemon
    /// has written.
    CommandLine,
}

pub struct Instance {
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub database: Database,
    pub directory: Arc<LiveDirectory>,
    pub authenticator: Arc<Authenticator>,
    /// Of what clients are given to bring back.
    pub seal: Arc<StateSeal>,
    /// Of the own directory.
    pub(crate) follower: Follower,
    /// For who works beside the daemon.
    pub daemon_line: Arc<DaemonLine>,
    pub logins: Arc<Logins>,
    pub control: Control,
    pub ended: Arc<EndedLogins>,
    pub relay: Arc<Relay>,
    pub journal: Arc<Journal>,
    /// Of MCP clients; there are none where nothing is served, as under the command line.
    pub sessions: Arc<Sessions>,
    /// What is told to people who watch.
    pub events: EventBus,
    /// The record as chains: verification, export.
    pub chain: SeaAuditChain,
    pub(crate) probe: Arc<InstanceProbe>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) upkeep: Arc<Upkeep>,
    /// Where clients reach the daemon.
    pub public_url: PublicUrl,
    /// Files of secrets that were generated just now.
    pub generated_secrets: Vec<PathBuf>,
    changes: Arc<SeaChanges>,
    launcher: Arc<LocalLauncher>,
    logs: Arc<LogStore>,
    following: JoinHandle<()>,
    /// Audit entries that do not wait for the database.
    entries: Arc<EntryJournal>,
    noticed: Arc<EntryTrail>,
    /// Writes what was noticed on the audit trail.
    noting: JoinHandle<()>,
    at_the_desk: JoinHandle<()>,
    mail: Option<Arc<SmtpPost>>,
}

impl Instance {
    /// Opens everything and listens nowhere. Waits for no server; servers start by themselves only for a daemon. Fails on a
    /// missing, malformed or wrong secret.
    pub async fn open(settings: Settings, opener: Opener) -> anyhow::Result<Self> {
        data_dir::check_owner(&settings)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let database = open_database(&settings, opener).await?;
        if let Err(error) = database.compare_clocks(&*clock).await {
            let error = anyhow::Error::from(error);
            tracing::warn!(
                error = format!("{error:#}"),
                "whether the clock of this host is in step with the database's is not known yet"
            );
        }
        let generated_secrets = match opener {
            Opener::Daemon => generate_secrets(&settings, &database).await?,
            Opener::CommandLine => Vec::new(),
        };
        let secrets = Secrets::load(&settings)?;
        let aead = Arc::new(AeadVault::new(secrets.master.encryption_keys())?);
        let vault: Arc<dyn Vault> = Arc::<AeadVault>::clone(&aead);

        let source: Arc<dyn DirectorySource> = Arc::new(SeaDirectorySource::new(database.clone()));
        let directory = Arc::new(LiveDirectory::new(source.load().await?));
        secret_check::check_sealed(&directory.current(), &*vault)?;
        secret_check::agree(&database, &secrets, &aead).await?;
        // Before something is written that would be signed.
        database.sign_with(Arc::new(Ed25519ChainSigner::new(&secrets.master)?));

        let keys: Arc<dyn KeyRepo> = Arc::new(SeaKeyRepo::new(database.clone()));
        let chain = SeaAuditChain::new(database.clone());
        let sea_calls = SeaCallRepo::new(database.clone());
        let (entries, calls) = (chain.adopt().await?, sea_calls.adopt().await?);
        if entries > 0 || calls > 0 {
            tracing::info!(entries, calls, "took records of an earlier version into the audit chains");
        }
        let call_repo: Arc<dyn CallRepo> = Arc::new(sea_calls);
        let metrics = Arc::new(Metrics::new(Arc::clone(&directory)));
        let events = EventBus::new();
        let told = ToldCalls {
            inner: Arc::clone(&call_repo),
            events: Arc::new(events.clone()),
            clock: Arc::clone(&clock),
            metrics: Arc::clone(&metrics),
        };
        let journal = Journal::open(settings.journal(), Arc::new(told), Arc::clone(&clock));
        let journal = Arc::new(journal.await?);
        let calls: Arc<dyn CallLog> = Arc::<Journal>::clone(&journal);

        let launcher = LocalLauncher::current_exe(settings.supervisor.clone()).hiding(settings.private_paths());
        let launcher = Arc::new(launcher);
        let mut upstream = settings.upstream.clone();
        if settings.environment == Environment::Development {
            upstream.addresses.allow_loopback = true;
        }
        let (writing, public_url) = match opener {
            Opener::Daemon => (Writing::Yes, PublicUrl::of_this_daemon(&settings)),
            Opener::CommandLine => (Writing::No, PublicUrl::of_the_daemon(&settings)?),
        };
        let log_clock = Arc::clone(&clock);
        let logs = LogStore::open(
            settings.logs_dir(),
            settings.supervisor.log,
            settings.supervisor.log_disk,
            Arc::new(move || std::time::SystemTime::from(log_clock.now())),
            writing,
        );
        let logs = Arc::new(logs.context("logs cannot be written")?);
        if opener == Opener::Daemon {
            match logs::forget_deleted(&logs, &directory.current(), &*source).await {
                Ok(0) => {}
                Ok(servers) => tracing::info!(servers, "took away the logs of servers that are deleted"),
                Err(error) => tracing::warn!(error = %error, "logs of servers that are deleted may be left"),
            }
        }
        let confinement = settings.confinement();
        let connector = UpstreamConnector::new(
            Arc::<LocalLauncher>::clone(&launcher),
            Arc::clone(&vault),
            Arc::clone(&logs),
            upstream,
            confinement,
        );
        let catalogs: Arc<dyn CatalogRepo> = Arc::new(SeaCatalogRepo::new(database.clone()));
        let stored = catalogs.load_all().await?;
        let control_catalogs = Arc::clone(&catalogs);
        let fleet = Arc::new(Fleet::new(FleetParts {
            config: settings.relay.clone(),
            clock: Arc::clone(&clock),
            connector: Arc::new(connector),
            catalogs,
            events: Arc::new(events.clone()),
            runtime: tokio::runtime::Handle::current(),
            starts: match opener {
                Opener::Daemon => Starts::AsConfigured,
                Opener::CommandLine => Starts::OnDemand,
            },
            seed: fastrand::u64(..),
        }));
        fleet.reconcile(&directory.current(), &stored);
        {
            let fleet = Arc::clone(&fleet);
            directory.observe(move |directory| fleet.reconcile(directory, &[]));
        }
        let limiter = Arc::new(Limiter::new(Arc::clone(&clock)));
        let census: Arc<dyn CallCensus> = Arc::new(SeaCallCensus::new(database.clone()));
        limiter.follow(&directory.current());
        // What a killed daemon has left in the journal is part of the day.
        if tokio::time::timeout(LEFTOVERS, journal.flush()).await.is_err() {
            tracing::warn!("calls are still waiting in the journal, and are missing from the counts of the day");
        }
        limiter.seed(&census.counts(midnight(clock.now())).await?);
        {
            let limiter = Arc::clone(&limiter);
            directory.observe(move |directory| limiter.follow(directory));
        }
        let approvals = Arc::new(Approvals::new(Arc::clone(&clock)));
        let relay = Arc::new(Relay::new(RelayParts {
            fleet: Arc::clone(&fleet),
            directory: Arc::clone(&directory),
            calls,
            digester: Arc::new(HmacArgumentDigester::new(&secrets.master)),
            clock: Arc::clone(&clock),
            approvals: Arc::clone(&approvals),
            limiter,
            identity: identity()?,
        }));

        let ended = Arc::new(EndedLogins::new(&settings.auth));
        let facts =
            AuthFacts { directory: Arc::clone(&directory), ended: Arc::clone(&ended), clock: Arc::clone(&clock) };
        let authenticator = Arc::new(Authenticator::new(&settings.auth, &secrets.master, facts));
        let hasher = Arc::new(Argon2Hasher::new(Argon2Cost::RECOMMENDED, settings.auth.password_concurrency)?);
        let users = Arc::new(SeaUserRepo::new(database.clone()));
        let login_repo = Arc::new(SeaLoginRepo::new(database.clone()));
        let audit = Arc::new(SeaAuditLog::new(database.clone()));
        let login_ports = LoginPorts {
            users: Arc::<SeaUserRepo>::clone(&users),
            logins: Arc::<SeaLoginRepo>::clone(&login_repo),
            audit: Arc::<SeaAuditLog>::clone(&audit),
            hasher: Arc::<Argon2Hasher>::clone(&hasher),
            ended: Arc::clone(&ended),
            clock: Arc::clone(&clock),
        };
        let logins = Arc::new(Logins::new(&settings.auth, &secrets.master, login_ports));
        let invitations = Arc::new(SeaInvitationRepo::new(database.clone()));
        // Nobody else sends those of a SQLite file. What replicas have lost shows itself by its age.
        if opener == Opener::Daemon && database.kind() == DatabaseKind::Sqlite {
            let reason = "the daemon ended before the letter was sent; renew the invitation".to_owned();
            let lost = invitations.note_queued(&MailState::Failed { at: clock.now(), reason }).await?;
            if lost > 0 {
                tracing::warn!(letters = lost, "letters were lost when the daemon ended, and are noted as not sent");
            }
        }
        let mail = match &settings.mail.smtp_url {
            None => None,
            Some(url) => {
                let ports = PostPorts {
                    invitations: Arc::<SeaInvitationRepo>::clone(&invitations),
                    audit: Arc::<SeaAuditLog>::clone(&audit),
                    clock: Arc::clone(&clock),
                };
                Some(Arc::new(SmtpPost::start(&settings.mail, url, ports)?))
            }
        };
        let post: Arc<dyn Post> = match &mail {
            Some(mail) => Arc::<SmtpPost>::clone(mail),
            None => Arc::new(()),
        };
        let (desk, asked) = desk::open();
        let entries = EntryJournal::open(settings.journal().dir, database.clone()).await?;
        let entries = Arc::new(entries);
        let noticed = EntryTrail::new(Arc::clone(&entries));
        noticed.follow(&fleet, Arc::clone(&clock));
        let noting = tokio::spawn(Arc::clone(&noticed).run());
        let runtime: Arc<dyn ServerRuntime> = fleet;
        let workers = Arc::new(Workers::default());
        let sessions = Arc::new(Sessions::new(SessionLimits::from(&settings.mcp), Arc::clone(&clock)));
        let probe = Arc::new(InstanceProbe {
            started_at: clock.now(),
            database: database.clone(),
            journal: Arc::clone(&journal),
            directory: Arc::clone(&directory),
            runtime: Arc::clone(&runtime),
            vault: aead,
            workers: Arc::clone(&workers),
            sessions: Arc::clone(&sessions),
            runtimes: OnceLock::new(),
        });
        let usage = SeaUsageRepo::new(database.clone());
        let upkeep = Arc::new(Upkeep {
            database: database.clone(),
            chain: chain.clone(),
            usage: usage.clone(),
            anchors: AnchorFile::in_dir(&settings.audit_dir()),
            clock: Arc::clone(&clock),
            workers,
            retention: settings.retention.clone(),
            audit: settings.audit.clone(),
        });
        let seal = Arc::new(StateSeal::new(&secrets.master));
        let daemon_line = Arc::new(DaemonLine::new(settings.data_dir.clone(), Arc::clone(&seal)));
        let (own, errands) = follow::errands();
        let follower: Arc<dyn DirectoryFollower> = match opener {
            Opener::Daemon => Arc::new(own.clone()),
            Opener::CommandLine => Arc::new(FollowedByBoth { own: own.clone(), line: Arc::clone(&daemon_line) }),
        };
        let known_logins: Arc<dyn LoginRepo> = Arc::<SeaLoginRepo>::clone(&login_repo);
        let control = Control::new(Ports {
            directory: Arc::clone(&directory),
            source,
            follower,
            users,
            logins: login_repo,
            projects: Arc::new(SeaProjectRepo::new(database.clone())),
            teams: Arc::new(SeaTeamRepo::new(database.clone())),
            invitations,
            resets: Arc::new(SeaResetRepo::new(database.clone())),
            servers: Arc::new(SeaServerRepo::new(database.clone())),
            personal: Arc::new(SeaPersonalSecretRepo::new(database.clone())),
            catalogs: control_catalogs,
            keys,
            policies: Arc::new(SeaPolicyRepo::new(database.clone())),
            limits: Arc::new(SeaLimitsRepo::new(database.clone())),
            approvals: Arc::<Approvals>::clone(&approvals),
            sessions: Arc::<Sessions>::clone(&sessions),
            calls: call_repo,
            census,
            audit,
            stars: Arc::new(SeaStarRepo::new(database.clone())),
            activity: Arc::new(SeaActivityRepo::new(database.clone())),
            usage: Arc::new(usage),
            sealed: Arc::new(SeaSealedRepo::new(database.clone())),
            system: Arc::<InstanceProbe>::clone(&probe),
            vault,
            hasher,
            minter: Arc::new(KeyMint::new(&secrets.master)),
            links: Arc::new(LinkMint::new(&secrets.master)),
            post,
            desk: Arc::new(desk),
            runtime,
            logs: Arc::new(StoredLogs::new(Arc::clone(&logs), writing)),
            confinement,
            clock: Arc::clone(&clock),
            people: settings.people.clone(),
            base_url: public_url.url.clone(),
            events: events.clone(),
        });
        let at_the_desk = tokio::spawn(desk::work(control.accounts.clone(), asked));

        record_approvals(&approvals, &control, Arc::clone(&entries), events.clone());
        let changes = Arc::new(SeaChanges::start(&database).await?);
        let follow = Follow {
            changes: Arc::<SeaChanges>::clone(&changes),
            source: Arc::new(SeaDirectorySource::for_following(database.clone())),
            directory: Arc::clone(&directory),
            logins: known_logins,
            ended: Arc::clone(&ended),
            clock: Arc::clone(&clock),
            errands,
            events: Arc::new(events.clone()),
        };
        // Nobody is let in by a token of a login that ended before this start.
        follow.hear_of_logins().await?;
        let following = tokio::spawn(follow.run());
        Ok(Self {
            settings,
            clock,
            database,
            directory,
            authenticator,
            seal,
            follower: own,
            daemon_line,
            logins,
            control,
            ended,
            relay,
            journal,
            sessions,
            events,
            chain,
            probe,
            metrics,
            upkeep,
            public_url,
            generated_secrets,
            changes,
            launcher,
            logs,
            following,
            entries,
            noticed,
            noting,
            at_the_desk,
            mail,
        })
    }

    /// Notices what instance admins use by that right alone, and has it put on the audit trail.
    pub(crate) fn instance_uses(&self) -> InstanceUses {
        let noticed = Arc::clone(&self.noticed);
        InstanceUses::new(Arc::clone(&self.clock), move |entry| noticed.take([entry]))
    }

    /// Looks whether the record is what was written, with the checkpoints of the file in the data directory.
    pub async fn verify_audit(&self) -> anyhow::Result<VerifyReport> {
        // The file is read before the database: what it says must be there then.
        let file = self.upkeep.anchors.clone();
        let read = tokio::task::spawn_blocking(move || file.read()).await?;
        let anchors = read.with_context(|| format!("{} cannot be read", self.upkeep.anchors.path().display()))?;
        let mut report = self.chain.verify(&anchors.checkpoints).await?;
        // What else there is to find is found all the same.
        report.findings.extend(anchors.unreadable.into_iter().map(|line| Finding {
            project: None,
            stream: "checkpoints",
            seq: i64::try_from(line).ok(),
            id: None,
            damage: Damage::Unreadable,
        }));
        Ok(report)
    }

    /// The file of checkpoints beside the database.
    #[must_use]
    pub fn anchors(&self) -> &Path {
        self.upkeep.anchors.path()
    }

    /// Stops every server, writes what waits, and closes the database.
    pub async fn close(self) {
        self.at_the_desk.abort();
        if let Some(mail) = &self.mail {
            mail.shut_down(LAST_LETTERS).await;
        }
        self.following.abort();
        self.relay.fleet().shut_down().await;
        self.noting.abort();
        let noticed = self.noticed;
        // What a server that has just been stopped had said otherwise.
        let _ = tokio::task::spawn_blocking(move || noticed.put_down()).await;
        self.launcher.drained().await;
        let logs = self.logs;
        // Fails only when the runtime ends before, and then the logs are closed by being dropped.
        let _ = tokio::task::spawn_blocking(move || logs.close()).await;
        self.changes.shutdown().await;
        if let Err(error) = self.journal.shutdown(LAST_WRITES).await {
            tracing::warn!(error = %error, "calls are left in the journal for the next start");
        }
        if let Err(error) = self.entries.shutdown(LAST_WRITES).await {
            tracing::warn!(error = %error, "audit entries are left in the journal for the next start");
        }
        // What was written last is held fast as well.
        if let Err(error) = self.upkeep.checkpoint().await {
            tracing::warn!(error = %error, "the ends of the audit chains are not put down");
        }
        self.database.close().await;
    }
}

/// Has the audit trail tell when a call begins to wait for an approval, when its caller confirmed it, and when nobody
/// gave one. What people answer, the control plane records.
///
/// On disk before the call goes on, whether the database is there or not; what cannot be put there is not gone on with.
fn record_approvals(approvals: &Approvals, control: &Control, journal: Arc<EntryJournal>, events: EventBus) {
    let control = control.approvals.clone();
    approvals.observe(move |approval| {
        let recorded = control.entry(approval).map_or(Ok(()), |entry| {
            journal.append(&[entry]).map_err(|error| {
                tracing::error!(error = %error, approval.id = %approval.id, "an approval is not on record");
                CallLogError::Unwritable { reason: error.to_string() }
            })
        });
        // What does not begin to wait is no news.
        if recorded.is_ok() || approval.decided_at.is_some() {
            events.emit(approval_event(approval));
        }
        recorded
    });
}

/// What who waits and who decides are told: that a call waits for an approval, or does no more.
fn approval_event(approval: &Approval) -> Event {
    let waits = approval.decided_at.is_none();
    let fact = Fact::Changed {
        action: format!("approval.{}", if waits { "request" } else { approval.state.as_str() }),
        target_kind: "approval".to_owned(),
        target_id: approval.id.to_string(),
        target_name: approval.target.clone(),
        actor: None,
    };
    let at = approval.decided_at.unwrap_or(approval.asked_at);
    Event { at, project: Some(approval.project_id), concerns: Some(approval.user_id), fact }
}

/// When the day began in UTC.
fn midnight(now: Timestamp) -> Timestamp {
    now.replace_time(time::Time::MIDNIGHT)
}

/// Connects to the database of an instance that is there: under a wrong name none is made.
pub async fn connect(settings: &Settings) -> anyhow::Result<Database> {
    // Before a file is looked for that has not come yet.
    backup::refuse_unfinished(settings)?;
    if let Some(file) = missing_file(settings)? {
        bail!(no_instance(settings, &format!("{} is not there", file.display())));
    }
    connect_or_create(settings).await
}

/// The file of a SQLite database that is not there yet.
pub(crate) fn missing_file(settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    let Some(file) = settings.database_url()?.file() else { return Ok(None) };
    let is_there = file.try_exists().with_context(|| format!("{} cannot be looked at", file.display()))?;
    Ok((!is_there).then_some(file))
}

/// Connects, and makes the file of a SQLite database where there is none.
async fn connect_or_create(settings: &Settings) -> anyhow::Result<Database> {
    backup::refuse_unfinished(settings)?;
    Ok(Database::connect(&settings.database()?).await?)
}

/// Fails unless every step of the schema has been applied.
pub(crate) async fn require_schema(settings: &Settings, database: &Database) -> anyhow::Result<()> {
    let steps = database.migration_status().await?;
    if steps.iter().all(|step| step.applied) {
        return Ok(());
    }
    if steps.iter().any(|step| step.applied) {
        bail!(SCHEMA_IS_OLD);
    }
    bail!(no_instance(settings, &format!("{} has no tables", settings.database_url()?)));
}

fn no_instance(settings: &Settings, because: &str) -> String {
    let place = match settings.database_url {
        Some(_) => "DATABASE_URL",
        None => "the data directory (--data-dir, ORCH_DATA_DIR)",
    };
    format!("there is no instance here, as {because}: is {place} right? orch-admin migrate up makes a new one")
}

/// What [`migrate`] has done.
#[derive(Debug)]
pub struct Migrated {
    pub database: DatabaseKind,
    /// Steps of the schema.
    pub applied: Vec<String>,
    /// Files of secrets.
    pub generated: Vec<PathBuf>,
}

/// Brings the schema up to date, and makes an instance where there is none.
pub async fn migrate(settings: &Settings) -> anyhow::Result<Migrated> {
    data_dir::check_owner(settings)?;
    let database = connect_or_create(settings).await?;
    let migrated = async {
        let applied = database.migrate().await?;
        let generated = generate_secrets(settings, &database).await?;
        anyhow::Ok(Migrated { database: database.kind(), applied, generated })
    };
    let migrated = migrated.await;
    database.close().await;
    migrated
}

/// Makes the secrets of an instance that nobody has used yet, where they are not given.
async fn generate_secrets(settings: &Settings, database: &Database) -> anyhow::Result<Vec<PathBuf>> {
    if SeaSecretChecks::new(database.clone()).is_new().await? { Secrets::generate(settings) } else { Ok(Vec::new()) }
}

/// Connects and sees to the schema.
async fn open_database(settings: &Settings, opener: Opener) -> anyhow::Result<Database> {
    if opener == Opener::Daemon && settings.auto_migrate {
        let database = connect_or_create(settings).await?;
        let steps = database.migrate().await.context("the database schema cannot be brought up to date")?;
        for step in &steps {
            tracing::info!(step, "applied a step of the database schema");
        }
        if steps.len() == database.migration_status().await?.len() {
            tracing::info!(path = %settings.data_dir.display(), "there was no instance here, so this is a new one");
        }
        return Ok(database);
    }
    let database = connect(settings).await?;
    require_schema(settings, &database).await?;
    Ok(database)
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
