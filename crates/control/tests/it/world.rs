//! The use-cases with fakes of all ports, and shorthands for what tests set up.

use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use orch_control::Control;
use orch_control::config::PeopleConfig;
use orch_control::error::ControlError;
use orch_control::ports::Ports;
use orch_control::servers::blueprint::NewTransport;
use orch_control::servers::confinement::{LimitsPatch, SandboxPatch};
use orch_control::servers::run_patch::RunPatch;
use orch_control::servers::{NewServer, ServerSeen};
use orch_domain::Timestamp;
use orch_domain::activity::EntryFilter;
use orch_domain::api_key::{KeyHash, KeyPublicId};
use orch_domain::approval::{Answer, Approval};
use orch_domain::audit::{AuditAction, AuditEntry, AuditRecord, AuditTarget};
use orch_domain::catalog::ItemKind;
use orch_domain::confinement::ConfinementRules;
use orch_domain::dialect::Dialect;
use orch_domain::directory::Directory;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::event::bus::EventBus;
use orch_domain::id::{ApprovalId, AuditId, LoginId, ProjectId, ServerId, UserId};
use orch_domain::letter::Letter;
use orch_domain::limits::{Limit, LimitRules, ProcessLimits};
use orch_domain::membership::Membership;
use orch_domain::page::PageRequest;
use orch_domain::policy::hints::Hints;
use orch_domain::policy::scope::Scope;
use orch_domain::port::approval_desk::ApprovalDesk;
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::clock::Clock;
use orch_domain::port::desk::{Desk, Errand};
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::key_minter::{KeyMinter, MintedKey};
use orch_domain::port::key_repo::KeyRepo;
use orch_domain::port::link_minter::{LinkMinter, LinkPurpose, MintedLink};
use orch_domain::port::post::Post;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::server_runtime::{Offers, RuntimeError, ServerRuntime};
use orch_domain::port::user_repo::UserRepo;
use orch_domain::port::vault::{Vault, VaultError};
use orch_domain::principal::{Credential, Principal};
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::sandbox::SandboxRule;
use orch_domain::secret::{Sealed, SealedPlace, Secret, Slot};
use orch_domain::server::Server;
use orch_domain::server_state::{ServerState, ServerStatus};
use orch_domain::user::User;
use orch_testkit::builders::{UserBuilder, a_key, a_project, a_user};
use orch_testkit::fakes::{FixedClock, HealthySystem, MemoryLogs, MemoryStore, PlainHasher};
use secrecy::{ExposeSecret, SecretString};

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) clock: FixedClock,
    pub(crate) directory: Arc<LiveDirectory>,
    pub(crate) runtime: Arc<FakeRuntime>,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) office: Arc<Office>,
    pub(crate) rivals: Rivals,
    pub(crate) control: Control,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(PeopleConfig::default(), false)
    }

    /// With these settings, and mail or without.
    pub(crate) fn with(people: PeopleConfig, mail: bool) -> Self {
        Self::of(people, mail, SandboxRule::Optional)
    }

    /// On which no server runs without a whole sandbox.
    pub(crate) fn requiring_sandboxes() -> Self {
        Self::of(PeopleConfig::default(), false, SandboxRule::Required)
    }

    fn of(people: PeopleConfig, mail: bool, sandbox: SandboxRule) -> Self {
        let office = Arc::new(Office { mail, ..Office::default() });
        let store = MemoryStore::new();
        let clock = FixedClock::default();
        let rivals = Rivals { clock: clock.clone(), waiting: Arc::default() };
        let directory = Arc::new(LiveDirectory::new(Directory::default()));
        let runtime = Arc::new(FakeRuntime::default());
        let waiting = Arc::new(Waiting::default());
        let shared = Arc::new(store.clone());
        let control = Control::new(Ports {
            directory: Arc::clone(&directory),
            source: shared.clone(),
            follower: Arc::new(()),
            users: shared.clone(),
            logins: shared.clone(),
            projects: shared.clone(),
            teams: shared.clone(),
            invitations: shared.clone(),
            resets: shared.clone(),
            servers: shared.clone(),
            personal: shared.clone(),
            catalogs: shared.clone(),
            keys: shared.clone(),
            policies: shared.clone(),
            limits: shared.clone(),
            approvals: waiting.clone(),
            sessions: Arc::new(()),
            calls: shared.clone(),
            census: shared.clone(),
            audit: shared.clone(),
            stars: shared.clone(),
            activity: shared.clone(),
            usage: shared.clone(),
            sealed: shared,
            system: Arc::new(HealthySystem),
            vault: Arc::new(ReversingVault),
            hasher: Arc::new(PlainHasher::default()),
            minter: Arc::new(CountingMinter::default()),
            links: Arc::new(CountingLinks::default()),
            post: office.clone(),
            desk: office.clone(),
            runtime: runtime.clone(),
            logs: Arc::new(MemoryLogs::of(&["line 1", "Line 2", "line 3"])),
            confinement: ConfinementRules {
                limits: LimitRules {
                    maxima: ProcessLimits::default().with(Limit::Memory, Some(8192)),
                    ..LimitRules::default()
                },
                sandbox,
            },
            clock: Arc::new(rivals.clone()),
            people,
            base_url: "https://mcp.example.com".into(),
            events: EventBus::new(),
        });
        Self { store, clock, directory, runtime, waiting, office, rivals, control }
    }

    /// Lets the live directory catch up with the store.
    pub(crate) async fn catch_up(&self) {
        self.directory.replace(self.store.load().await.unwrap());
    }

    pub(crate) async fn user(&self, build: impl FnOnce(UserBuilder) -> UserBuilder) -> User {
        let user = build(a_user()).build();
        UserRepo::create(&self.store, &user, &setup_entry()).await.unwrap();
        self.catch_up().await;
        user
    }

    /// A project with an admin.
    pub(crate) async fn project(&self) -> (Project, Principal) {
        let admin = self.user(|user| user).await;
        let project = a_project().build();
        ProjectRepo::create(&self.store, &project, admin.id, &setup_entry()).await.unwrap();
        self.catch_up().await;
        (project, login(admin.id))
    }

    pub(crate) async fn member(&self, project: &Project, role: Role) -> Principal {
        let user = self.user(|user| user).await;
        let membership = Membership { project_id: project.id, user_id: user.id, role, created_at: FixedClock::START };
        self.store.put_member(&membership, None, &setup_entry()).await.unwrap();
        self.catch_up().await;
        login(user.id)
    }

    pub(crate) async fn server(&self, who: &Principal, project: &Project, alias: &str) -> ServerSeen {
        let new = NewServer {
            alias: alias.into(),
            name: None,
            enabled: true,
            call_timeout: None,
            dialect: Dialect::default(),
            run: RunPatch::default(),
            transport: NewTransport::Stdio {
                command: "npx".into(),
                args: vec!["-y".into(), "secret-arg".into()],
                env: vec![("TOKEN".into(), "secret-token".into())],
                cwd: None,
            },
            limits: LimitsPatch::default(),
            sandbox: SandboxPatch::default(),
        };
        self.control.servers.create(who, project.slug.as_str(), new).await.unwrap()
    }

    /// Somebody with an own key of the project.
    pub(crate) async fn key_of(&self, user: &Principal, project: &Project) -> Principal {
        self.key_with(user, project, Scope::default()).await
    }

    pub(crate) async fn key_with(&self, user: &Principal, project: &Project, scope: Scope) -> Principal {
        let key = a_key().in_project(project.id).by(user.user_id).scope(scope).build();
        KeyRepo::create(&self.store, &key, &setup_entry()).await.unwrap();
        self.catch_up().await;
        Principal { user_id: user.user_id, credential: Credential::Key { key_id: key.id, project_id: project.id } }
    }

    /// The audit trail as `action target detail`, oldest first.
    pub(crate) async fn audit(&self) -> Vec<String> {
        let page =
            AuditLog::list(&self.store, None, &EntryFilter::default(), PageRequest::new(200, None)).await.unwrap();
        let mut lines: Vec<_> = page
            .items
            .into_iter()
            .filter(|record| record.action != AuditAction::SecretsAdopt.as_str())
            .map(|record| format!("{} {} {} {}", record.via, record.action, record.target_name, record.detail))
            .map(|line| line.trim_end().to_owned())
            .collect();
        lines.reverse();
        lines
    }

    pub(crate) async fn audit_records(&self) -> Vec<AuditRecord> {
        AuditLog::list(&self.store, None, &EntryFilter::default(), PageRequest::new(200, None)).await.unwrap().items
    }
}

pub(crate) fn login(user: UserId) -> Principal {
    Principal { user_id: user, credential: Credential::Login { login_id: LoginId::new() } }
}

pub(crate) fn console() -> Principal {
    Principal { user_id: UserId::from_uuid(uuid::Uuid::nil()), credential: Credential::Console }
}

/// The plain value in a slot of a stored server.
pub(crate) fn plain(server: &Server, slot: &Slot) -> Option<String> {
    let secret = server.secrets.iter().find(|secret| secret.slot == *slot)?;
    let opened = ReversingVault.open(Secret::place(secret.id), &secret.sealed).unwrap();
    Some(opened.expose_secret().to_owned())
}

pub(crate) fn is_missing<T>(outcome: &Result<T, ControlError>) -> bool {
    matches!(outcome, Err(ControlError::Missing { .. }))
}

pub(crate) fn is_conflict<T>(outcome: &Result<T, ControlError>) -> bool {
    matches!(outcome, Err(ControlError::Conflict { .. }))
}

pub(crate) fn is_forbidden<T>(outcome: &Result<T, ControlError>) -> bool {
    matches!(outcome, Err(ControlError::Forbidden { .. }))
}

pub(crate) fn setup_entry() -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        at: FixedClock::START,
        project_id: None,
        actor: None,
        action: AuditAction::SecretsAdopt,
        target: AuditTarget { kind: "project", id: String::new(), name: String::new() },
        detail: String::new(),
        facts: Vec::new(),
    }
}

/// Others who are faster: a use-case reads the clock after what it changes and before it writes, and each reading lets
/// one of them write in between.
#[derive(Clone)]
pub(crate) struct Rivals {
    clock: FixedClock,
    waiting: Arc<Mutex<VecDeque<Rival>>>,
}

type Rival = Box<dyn FnOnce() + Send>;

impl Rivals {
    /// The next reading of the clock that nobody waits for disturbs nobody.
    pub(crate) fn pass(&self) -> &Self {
        self.then(async || ())
    }

    /// Has `write` done at the next reading that nobody waits for. A store in memory never keeps it waiting.
    pub(crate) fn then<F: Future>(&self, write: impl FnOnce() -> F + Send + 'static) -> &Self {
        let rival = move || {
            let written = pin!(write()).poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(written, Poll::Ready(_)), "a store in memory never waits");
        };
        self.waiting.lock().unwrap().push_back(Box::new(rival));
        self
    }

    /// Who has not been faster.
    pub(crate) fn left(&self) -> usize {
        self.waiting.lock().unwrap().len()
    }
}

impl Clock for Rivals {
    fn now(&self) -> Timestamp {
        let rival = self.waiting.lock().unwrap().pop_front();
        if let Some(rival) = rival {
            rival();
        }
        self.clock.now()
    }
}

/// Seals by turning the text around, behind the id of its row.
pub(crate) struct ReversingVault;

impl Vault for ReversingVault {
    fn seal(&self, place: SealedPlace<'_>, plain: &SecretString) -> Result<Sealed, VaultError> {
        let mut bytes = place.row.as_bytes().to_vec();
        bytes.extend(plain.expose_secret().bytes().rev());
        Ok(Sealed::from_bytes(bytes))
    }

    fn open(&self, place: SealedPlace<'_>, sealed: &Sealed) -> Result<SecretString, VaultError> {
        let bytes = sealed.as_bytes().strip_prefix(place.row.as_bytes().as_slice()).ok_or(VaultError::DoesNotOpen)?;
        let text = String::from_utf8(bytes.iter().rev().copied().collect()).map_err(|_| VaultError::DoesNotOpen)?;
        Ok(text.into())
    }

    fn is_stale(&self, _: &Sealed) -> bool {
        false
    }
}

#[derive(Default)]
struct CountingMinter(AtomicU64);

impl KeyMinter for CountingMinter {
    fn mint(&self) -> MintedKey {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        MintedKey {
            plain: format!("orch_plain_{number}").into(),
            public_id: KeyPublicId::parse(&format!("{number:012}")).unwrap(),
            hash: KeyHash::from_bytes(hash),
        }
    }

    fn public_id_of(&self, plain: &SecretString) -> Option<KeyPublicId> {
        let number: u64 = plain.expose_secret().strip_prefix("orch_plain_")?.parse().ok()?;
        KeyPublicId::parse(&format!("{number:012}"))
    }

    fn is_of(&self, plain: &SecretString, hash: &KeyHash) -> bool {
        let id = self.public_id_of(plain);
        id.is_some_and(|id| id.as_str().parse::<u64>().unwrap().to_be_bytes() == hash.as_bytes()[..8])
    }
}

/// Tokens that are counted: `link-1` opens what the first minted link opens.
#[derive(Default)]
pub(crate) struct CountingLinks(AtomicU64);

impl LinkMinter for CountingLinks {
    fn mint(&self, purpose: LinkPurpose) -> MintedLink {
        let plain: SecretString = format!("{purpose:?}-{}", self.0.fetch_add(1, Ordering::Relaxed) + 1).into();
        let hash = self.hash_of(purpose, &plain).unwrap();
        MintedLink { plain, hash }
    }

    fn hash_of(&self, purpose: LinkPurpose, token: &SecretString) -> Option<KeyHash> {
        let text = token.expose_secret();
        text.strip_prefix(&format!("{purpose:?}-"))?;
        let mut hash = [0; 32];
        hash[..text.len()].copy_from_slice(text.as_bytes());
        Some(KeyHash::from_bytes(hash))
    }
}

/// Keeps the letters that were sent and the errands that were handed in.
#[derive(Default)]
pub(crate) struct Office {
    pub(crate) mail: bool,
    pub(crate) letters: Mutex<Vec<Letter>>,
    pub(crate) errands: Mutex<Vec<Errand>>,
}

impl Post for Office {
    fn delivers(&self) -> bool {
        self.mail
    }

    fn send(&self, letter: Letter) {
        self.letters.lock().unwrap().push(letter);
    }
}

impl Desk for Office {
    fn hand_in(&self, errand: Errand) -> bool {
        self.errands.lock().unwrap().push(errand);
        true
    }
}

/// The token in a link.
pub(crate) fn token_of(link: &str) -> SecretString {
    link.split_once('#').unwrap().1.split_whitespace().next().unwrap().into()
}

/// Remembers what it was asked; servers named in `failing` do not start.
#[derive(Default)]
pub(crate) struct FakeRuntime {
    pub(crate) states: Mutex<HashMap<ServerId, ServerState>>,
    pub(crate) failing: Mutex<Vec<ServerId>>,
}

#[async_trait]
impl ServerRuntime for FakeRuntime {
    fn status(&self, server: ServerId) -> ServerStatus {
        let state = self.states.lock().unwrap().get(&server).cloned().unwrap_or(ServerState::Stopped);
        ServerStatus::new(state, FixedClock::START)
    }

    async fn start(&self, server: ServerId) -> Result<(), RuntimeError> {
        if self.failing.lock().unwrap().contains(&server) {
            return Err(RuntimeError::Failed { reason: "it exited with code 1".into() });
        }
        self.states.lock().unwrap().insert(server, ServerState::Ready);
        Ok(())
    }

    async fn stop(&self, server: ServerId) -> Result<(), RuntimeError> {
        self.states.lock().unwrap().insert(server, ServerState::Stopped);
        Ok(())
    }

    async fn offers(&self, _: ServerId, _: UserId, _: ItemKind) -> Offers {
        Offers::default()
    }

    fn hints(&self, _: ServerId, _: UserId, _: &str) -> Hints {
        Hints::UNSAID
    }
}

/// Calls that wait, and are answered by nobody.
#[derive(Default)]
pub(crate) struct Waiting(pub(crate) Mutex<Vec<Approval>>);

impl ApprovalDesk for Waiting {
    fn list(&self, project: ProjectId) -> Vec<Approval> {
        self.0.lock().unwrap().iter().filter(|approval| approval.project_id == project).cloned().collect()
    }

    fn find(&self, id: ApprovalId) -> Option<Approval> {
        self.0.lock().unwrap().iter().find(|approval| approval.id == id).cloned()
    }

    fn answer(&self, _: ApprovalId, _: UserId, _: Answer) -> Option<Approval> {
        None
    }
}
