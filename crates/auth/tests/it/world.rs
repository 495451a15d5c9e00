//! One project, its admin, one key, and all parts of the crate wired over the fakes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use orch_auth::api_key::mint::KeyMint;
use orch_auth::authenticator::{AuthFacts, Authenticator};
use orch_auth::config::AuthConfig;
use orch_auth::ended_logins::EndedLogins;
use orch_auth::error::LoginError;
use orch_auth::logins::{Claim, LoginPorts, Logins, TokenPair};
use orch_domain::api_key::ApiKey;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::directory::{Directory, ProjectFacts, UserFacts};
use orch_domain::id::{KeyId, ProjectId, UserId};
use orch_domain::policy::scope::Scope;
use orch_domain::port::clock::Clock as _;
use orch_domain::port::key_minter::KeyMinter as _;
use orch_domain::project::Project;
use orch_domain::quota::{Allowance, Limits};
use orch_domain::role::Role;
use orch_domain::slug::Slug;
use orch_testkit::builders::a_user;
use orch_testkit::fakes::{FixedClock, PlainHasher};
use secrecy::{ExposeSecret as _, SecretString};

use crate::fakes::{Memory, nowhere, secret, secrets, secrets_of};

pub(crate) struct World {
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) hasher: Arc<PlainHasher>,
    pub(crate) ended: Arc<EndedLogins>,
    pub(crate) directory: Arc<LiveDirectory>,
    pub(crate) authenticator: Authenticator,
    pub(crate) logins: Arc<Logins>,
    pub(crate) ada: UserId,
    pub(crate) key: ApiKey,
    plain_key: SecretString,
}

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "correct horse";

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(AuthConfig::default()).await
    }

    pub(crate) async fn with(config: AuthConfig) -> Self {
        let secrets = secrets();
        let clock = Arc::new(FixedClock::default());
        let memory = Arc::new(Memory::default());
        let hasher = Arc::new(PlainHasher::default());
        let ended = Arc::new(EndedLogins::new(&config));
        let directory = Arc::new(LiveDirectory::default());
        let user = a_user().email(EMAIL).password(Some(PlainHasher::of(PASSWORD))).build();
        let ada = user.id;
        memory.add_user(&user).await;
        let minted = KeyMint::new(&secrets).mint();
        let key = ApiKey {
            id: KeyId::new(),
            project_id: ProjectId::new(),
            creator: ada,
            name: "laptop".to_owned(),
            public_id: minted.public_id,
            hash: minted.hash,
            expires_at: None,
            revoked_at: None,
            scope: Scope::default(),
            allowance: Allowance::default(),
            last_used_at: None,
            last_used_from: None,
            last_used_by: None,
            created_at: clock.now(),
        };
        let facts = AuthFacts { directory: Arc::clone(&directory), ended: Arc::clone(&ended), clock: clock.clone() };
        let ports = LoginPorts {
            users: memory.clone(),
            logins: memory.clone(),
            audit: memory.audit(),
            hasher: hasher.clone(),
            ended: Arc::clone(&ended),
            clock: clock.clone(),
        };
        let world = Self {
            authenticator: Authenticator::new(&config, &secrets, facts),
            logins: Arc::new(Logins::new(&config, &secrets, ports)),
            plain_key: minted.plain,
            clock,
            memory,
            hasher,
            ended,
            directory,
            ada,
            key,
        };
        world.publish(true, world.key.clone());
        world
    }

    /// Swaps the directory for one with this state of Ada and of her key.
    pub(crate) fn publish(&self, active: bool, key: ApiKey) {
        let project = Project {
            id: self.key.project_id,
            slug: Slug::parse("demo").unwrap(),
            name: "Demo".to_owned(),
            separator: orch_domain::project::Separator::default(),
            flawed_tools: orch_domain::project::FlawedTools::default(),
            recorded_arguments: orch_domain::arguments::RecordedArguments::default(),
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
            version: 1,
        };
        let facts = ProjectFacts {
            project,
            members: HashMap::from([(self.ada, Role::Admin)]),
            teams: HashMap::new(),
            servers: std::collections::BTreeMap::new(),
            personal: HashMap::new(),
            keys: vec![Arc::new(key)],
            policy: Arc::default(),
            limits: Limits::default(),
        };
        let users = HashMap::from([(self.ada, UserFacts { active, instance_admin: false })]);
        self.directory.replace(Directory::new(users, vec![facts]));
    }

    pub(crate) fn plain_key(&self) -> &str {
        self.plain_key.expose_secret()
    }

    /// A well-formed key that this instance has not given out.
    pub(crate) fn foreign_key() -> String {
        KeyMint::new(&secrets_of("another secret that is long enough too")).mint().plain.expose_secret().to_owned()
    }

    pub(crate) async fn try_login(&self, email: &str, password: &str) -> Result<TokenPair, LoginError> {
        self.logins.login(Claim { email, password: &secret(password), from: &nowhere() }).await
    }

    pub(crate) async fn login(&self) -> TokenPair {
        self.try_login(EMAIL, PASSWORD).await.unwrap()
    }

    pub(crate) fn accepts(&self, pair: &TokenPair) -> bool {
        self.authenticator.authenticate(pair.access.expose_secret()).is_ok()
    }

    pub(crate) fn wait(&self, by: Duration) {
        self.clock.advance(by);
    }
}
