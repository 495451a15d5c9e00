//! One opened instance: database, secrets, control plane and relay, wired. What the daemon serves and what the
//! command line works with.

mod ground;
mod operators;
mod people;
mod record;
mod servers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use orch_auth::authenticator::Authenticator;
use orch_auth::ended_logins::EndedLogins;
use orch_auth::logins::Logins;
use orch_auth::state_seal::StateSeal;
use orch_control::Control;
use orch_control::instance_uses::InstanceUses;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::error::WithCauses;
use orch_domain::event::bus::EventBus;
use orch_domain::port::clock::Clock;
use orch_domain::port::directory_follower::DirectoryFollower;
use orch_gateway::mcp::Sessions;
use orch_mail::smtp::SmtpPost;
use orch_persistence::{
    Damage, Database, DatabaseKind, EntryJournal, Finding, Journal, SeaAuditChain, SeaChanges, SeaDirectorySource,
    SeaLoginRepo, SeaSecretChecks, VerifyReport,
};
use orch_relay::relay::Relay;
use orch_supervisor::{LocalLauncher, LogStore};
use tokio::task::JoinHandle;

use self::ground::Ground;
use self::operators::{Concerns, Watch};
use self::people::People;
use self::record::{Entries, Record};
use self::servers::{Servers, Way};
use crate::config::{Secrets, Settings};
use crate::daemon_line::{DaemonLine, FollowedByBoth};
use crate::entry_trail::EntryTrail;
use crate::follow::{self, Follow, Follower};
use crate::metrics::Metrics;
use crate::probe::InstanceProbe;
use crate::public_url::PublicUrl;
use crate::upkeep::Upkeep;
use crate::{backup, data_dir, desk, remains};

/// How long the end waits for the database to take the last calls; what it does not take stays in the journal.
const LAST_WRITES: Duration = Duration::from_secs(5);
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
        let ground = Ground::open(settings, opener).await?;
        let record = Record::open(&ground).await?;
        let public_url = match opener {
            Opener::Daemon => PublicUrl::of_this_daemon(&ground.settings),
            Opener::CommandLine => PublicUrl::of_the_daemon(&ground.settings)?,
        };
        let servers = Servers::open(&ground).await?;
        let way = Way::open(&ground, &record, &servers.fleet).await?;
        let people = People::open(&ground).await?;
        let entries = Entries::open(&ground, &servers.fleet).await?;
        let watch = Watch::open(&ground, &record, &servers);

        let seal = Arc::new(StateSeal::new(&ground.secrets.master));
        let daemon_line = Arc::new(DaemonLine::new(ground.settings.data_dir.clone(), Arc::clone(&seal)));
        let (own, errands) = follow::errands();
        let follower: Arc<dyn DirectoryFollower> = match opener {
            Opener::Daemon => Arc::new(own.clone()),
            Opener::CommandLine => Arc::new(FollowedByBoth { own: own.clone(), line: Arc::clone(&daemon_line) }),
        };
        let (desk, asked) = desk::open();
        let control = operators::control(Concerns {
            ground: &ground,
            record: &record,
            servers: &servers,
            way: &way,
            people: &people,
            watch: &watch,
            follower,
            desk,
            public_url: &public_url,
        });
        let at_the_desk = tokio::spawn(desk::work(control.accounts.clone(), asked));
        record::follow_approvals(&way.approvals, &control, Arc::clone(&entries.journal), ground.events.clone());

        let changes = Arc::new(SeaChanges::start(&ground.database).await?);
        let follow = Follow {
            changes: Arc::<SeaChanges>::clone(&changes),
            source: Arc::new(SeaDirectorySource::for_following(ground.database.clone())),
            directory: ground.directory(),
            logins: Arc::<SeaLoginRepo>::clone(&people.login_repo),
            ended: Arc::clone(&people.ended),
            clock: ground.clock(),
            errands,
            events: Arc::new(ground.events.clone()),
        };
        // Nobody is let in by a token of a login that ended before this start.
        follow.hear_of_logins().await?;
        let following = tokio::spawn(follow.run());
        Ok(Self {
            settings: ground.settings,
            clock: ground.clock,
            database: ground.database,
            directory: ground.directory,
            authenticator: people.authenticator,
            seal,
            follower: own,
            daemon_line,
            logins: people.logins,
            control,
            ended: people.ended,
            relay: way.relay,
            journal: record.journal,
            sessions: watch.sessions,
            events: ground.events,
            chain: record.chain,
            probe: watch.probe,
            metrics: record.metrics,
            upkeep: watch.upkeep,
            public_url,
            generated_secrets: ground.generated_secrets,
            changes,
            launcher: servers.launcher,
            logs: servers.logs,
            following,
            entries: entries.journal,
            noticed: entries.noticed,
            noting: entries.noting,
            at_the_desk,
            mail: people.mail,
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
            tracing::warn!(error = %WithCauses(&error), "calls are left in the journal for the next start");
        }
        if let Err(error) = self.entries.shutdown(LAST_WRITES).await {
            tracing::warn!(error = %WithCauses(&error), "audit entries are left in the journal for the next start");
        }
        // What was written last is held fast as well.
        if let Err(error) = self.upkeep.checkpoint().await {
            tracing::warn!(error = format!("{error:#}"), "the ends of the audit chains are not put down");
        }
        self.database.close().await;
    }
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

/// Connects, and makes the file of a SQLite database where there is none, nor an instance that has lost its own.
async fn connect_or_create(settings: &Settings) -> anyhow::Result<Database> {
    backup::refuse_unfinished(settings)?;
    if missing_file(settings)?.is_some() {
        // Before a file is made in the place of the one that is to come back.
        remains::refuse(settings)?;
    }
    let database = Database::connect(&settings.database()?).await?;
    let steps = database.migration_status().await?;
    if steps.iter().all(|step| !step.applied) {
        remains::refuse(settings)?;
    }
    Ok(database)
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
