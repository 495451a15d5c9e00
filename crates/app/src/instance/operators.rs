//! What operators work with as an instance is opened: the control plane over all that is there, and what it says of
//! the instance itself.

use std::sync::{Arc, OnceLock};

use orch_auth::api_key::mint::KeyMint;
use orch_auth::link_mint::LinkMint;
use orch_auth::password::Argon2Hasher;
use orch_control::Control;
use orch_control::ports::Ports;
use orch_domain::port::directory_follower::DirectoryFollower;
use orch_domain::port::server_runtime::ServerRuntime;
use orch_gateway::mcp::{SessionLimits, Sessions};
use orch_persistence::{
    AnchorFile, SeaActivityRepo, SeaAuditLog, SeaInvitationRepo, SeaKeyRepo, SeaLimitsRepo, SeaLoginRepo,
    SeaPersonalSecretRepo, SeaPolicyRepo, SeaProjectRepo, SeaResetRepo, SeaSealedRepo, SeaServerRepo, SeaStarRepo,
    SeaTeamRepo, SeaUsageRepo, SeaUserRepo,
};
use orch_relay::approvals::Approvals;
use orch_relay::fleet::Fleet;

use super::ground::Ground;
use super::people::People;
use super::record::Record;
use super::servers::{self, Servers, Way};
use crate::desk::Counter;
use crate::logs::StoredLogs;
use crate::probe::{InstanceProbe, Workers};
use crate::public_url::PublicUrl;
use crate::upkeep::Upkeep;

/// What looks after the instance, and what it is seen to do.
pub(super) struct Watch {
    pub(super) sessions: Arc<Sessions>,
    pub(super) probe: Arc<InstanceProbe>,
    pub(super) upkeep: Arc<Upkeep>,
}

impl Watch {
    pub(super) fn open(ground: &Ground, record: &Record, servers: &Servers) -> Self {
        let Ground { settings, database, .. } = ground;
        let workers = Arc::new(Workers::default());
        let sessions = Arc::new(Sessions::new(SessionLimits::from(&settings.mcp), ground.clock()));
        let probe = Arc::new(InstanceProbe {
            started_at: ground.clock.now(),
            database: database.clone(),
            journal: Arc::clone(&record.journal),
            directory: ground.directory(),
            runtime: runtime(servers),
            vault: Arc::clone(&ground.aead),
            workers: Arc::clone(&workers),
            sessions: Arc::clone(&sessions),
            runtimes: OnceLock::new(),
        });
        let upkeep = Arc::new(Upkeep {
            database: database.clone(),
            chain: record.chain.clone(),
            usage: SeaUsageRepo::new(database.clone()),
            anchors: AnchorFile::in_dir(&settings.audit_dir()),
            clock: ground.clock(),
            workers,
            retention: settings.retention.clone(),
            audit: settings.audit.clone(),
        });
        Self { sessions, probe, upkeep }
    }
}

/// All that operators may be concerned with.
pub(super) struct Concerns<'a> {
    pub(super) ground: &'a Ground,
    pub(super) record: &'a Record,
    pub(super) servers: &'a Servers,
    pub(super) way: &'a Way,
    pub(super) people: &'a People,
    pub(super) watch: &'a Watch,
    pub(super) follower: Arc<dyn DirectoryFollower>,
    pub(super) desk: Counter,
    pub(super) public_url: &'a PublicUrl,
}

pub(super) fn control(concerns: Concerns<'_>) -> Control {
    let Concerns { ground, record, servers, way, people, watch, follower, desk, public_url } = concerns;
    let Ground { settings, database, secrets, .. } = ground;
    Control::new(Ports {
        directory: ground.directory(),
        source: Arc::clone(&ground.source),
        follower,
        users: Arc::<SeaUserRepo>::clone(&people.users),
        logins: Arc::<SeaLoginRepo>::clone(&people.login_repo),
        projects: Arc::new(SeaProjectRepo::new(database.clone())),
        teams: Arc::new(SeaTeamRepo::new(database.clone())),
        invitations: Arc::<SeaInvitationRepo>::clone(&people.invitations),
        resets: Arc::new(SeaResetRepo::new(database.clone())),
        servers: Arc::new(SeaServerRepo::new(database.clone())),
        personal: Arc::new(SeaPersonalSecretRepo::new(database.clone())),
        catalogs: Arc::clone(&servers.catalogs),
        keys: Arc::new(SeaKeyRepo::new(database.clone())),
        policies: Arc::new(SeaPolicyRepo::new(database.clone())),
        limits: Arc::new(SeaLimitsRepo::new(database.clone())),
        approvals: Arc::<Approvals>::clone(&way.approvals),
        sessions: Arc::<Sessions>::clone(&watch.sessions),
        calls: Arc::clone(&record.calls),
        census: Arc::clone(&way.census),
        audit: Arc::<SeaAuditLog>::clone(&people.audit),
        stars: Arc::new(SeaStarRepo::new(database.clone())),
        activity: Arc::new(SeaActivityRepo::new(database.clone())),
        usage: Arc::new(watch.upkeep.usage.clone()),
        sealed: Arc::new(SeaSealedRepo::new(database.clone())),
        system: Arc::<InstanceProbe>::clone(&watch.probe),
        vault: ground.vault(),
        hasher: Arc::<Argon2Hasher>::clone(&people.hasher),
        minter: Arc::new(KeyMint::new(&secrets.master)),
        links: Arc::new(LinkMint::new(&secrets.master)),
        post: people.post(),
        desk: Arc::new(desk),
        runtime: runtime(servers),
        logs: Arc::new(StoredLogs::new(Arc::clone(&servers.logs), servers::writing(ground.opener))),
        confinement: settings.confinement(),
        clock: ground.clock(),
        people: settings.people.clone(),
        base_url: public_url.url.clone(),
        events: ground.events.clone(),
    })
}

fn runtime(servers: &Servers) -> Arc<dyn ServerRuntime> {
    Arc::<Fleet>::clone(&servers.fleet)
}
